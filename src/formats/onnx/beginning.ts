/** ModelProto's fields that can come behind its first, by their first byte: producer, version, domain, documentation, graph, operators. */
const seconds = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];

/** Whether bytes begin as a ModelProto: field 1, a small version of the format, and then another field of it. */
export function beginsAsOnnx(bytes: Uint8Array): boolean {
  const [first, version = 1, second = 0x12] = bytes;
  const isLength = bytes.length > 8 && bytes.subarray(4, 8).every((byte) => byte === 0); // as safetensors begins
  return first === 0x08 && version > 0 && version < 0x40 && seconds.includes(second) && !isLength;
}
