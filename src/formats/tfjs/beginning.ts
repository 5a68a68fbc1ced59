/** Whether these may be the first bytes of a model.json: those of JSON's object. */
export function beginsAsJson(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, 64));
  return /^\ufeff?\s*\{\s*("|$)/.test(head) && !head.includes("\0");
}
