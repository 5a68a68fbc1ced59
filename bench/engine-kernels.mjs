/** Fovea's side of kernels.mjs: each case a program of one operation. argv: threads, backend. */
import { backendOf, built } from "./engine.mjs";
import { outputSize } from "./kernel-cases.mjs";
import { serve } from "./worker.mjs";

const [threads, backendName] = [Number(process.argv[2]), process.argv[3]];
const backend = await backendOf(backendName, threads);
const [{ operations }, { planMemory }, { Recorder }, { viewMemory }] = await Promise.all([
  built("core/operations/table.js"),
  built("core/plan.js"),
  built("core/recorder.js"),
  built("core/memory.js"),
]);

/** Calls in one program: what starts a program is paid once a step, however many operations it has. */
const SHORT_CALLS = 20;
const SHORT_FLOPS = 5e8;
const SHORT_BYTES = 2e7;

const count = (shape) => shape.reduce((product, side) => product * side, 1);

/** Lays tensors end to end in the state, which the caller fills. */
function stateOf(shapes) {
  const entries = Object.entries(shapes);
  const starts = [];
  let length = 0;
  for (const [, shape] of entries) {
    starts.push(length);
    length += Math.ceil(count(shape) / 16) * 16;
  }
  return {
    length,
    tensors: (recorder) =>
      Object.fromEntries(entries.map(([name, shape], i) => [name, recorder.state(shape, starts[i])])),
  };
}

const windowOf = ({ kernel, stride, size }) => {
  const pad = Math.max(0, (outputSize({ size, stride }) - 1) * stride + kernel - size) >> 1;
  return { strideHeight: stride, strideWidth: stride, padTop: pad, padLeft: pad };
};

/** Operation, shapes of its inputs and attributes; or several, where a part takes more than one. */
const calls = {
  convolution: (one) =>
    convolution(one, "conv2d", [one.kernel, one.kernel, one.inputs, one.outputs], one.inputs, one.outputs),
  depthwise: (one) =>
    convolution(
      one,
      "depthwiseConv2d",
      [one.kernel, one.kernel, one.channels, 1],
      one.channels,
      one.channels,
    ),
  foldedConvolution: (one) => {
    const side = outputSize(one);
    const attributes = { ...windowOf(one), activation: 1, convHeight: side, convWidth: side };
    const kernel = [one.kernel, one.kernel, one.inputs, one.outputs];
    return [["convBias", { x: pictures(one, one.inputs), kernel, bias: [one.outputs] }, attributes]];
  },
  dense: ({ batch, inputs, outputs, part }) => {
    const [x, dy, kernel] = [
      [batch, inputs],
      [batch, outputs],
      [inputs, outputs],
    ];
    return {
      forward: [["matmul", { x, kernel }, {}]],
      inputGradient: [["matmulInputGradient", { dy, kernel }, {}]],
      kernelGradient: [["matmulKernelGradient", { x, dy }, {}]],
    }[part];
  },
  maxPool: (one) => pool(one, "maxPool2d", { position: outPictures(one, one.channels) }),
  averagePool: (one) => pool(one, "averagePool2d", {}),
  globalPool: (one) =>
    one.part === "forward"
      ? [["globalAveragePool2d", { x: pictures(one, one.channels) }, {}]]
      : [
          [
            "globalAveragePool2dGradient",
            { dy: [one.batch, one.channels] },
            { inputHeight: one.size, inputWidth: one.size },
          ],
        ],
  batchNorm: (one) => {
    const [x, row] = [pictures(one, one.channels), [one.channels]];
    const attributes = { epsilon: 1e-3, activation: 0 };
    if (one.part === "forward") return [["batchNorm", { x, gamma: row, beta: row }, attributes]];
    const saved = { x, dy: x, gamma: row, beta: row, mean: row, variance: row };
    return [
      ["batchNormParameterGradient", saved, attributes],
      ["batchNormInputGradient", { ...saved, dgamma: row, dbeta: row }, attributes],
    ];
  },
  add: (one) => [["add", { a: pictures(one, one.channels), b: pictures(one, one.channels) }, {}]],
  softmax: ({ batch, channels, part }) => {
    const rows = [batch, channels];
    return part === "forward"
      ? [["softmax", { x: rows }, {}]]
      : [["softmaxGradient", { dy: rows, from: rows }, {}]];
  },
  sgd: ({ parameters }) => [
    ["sgdUpdate", { weights: [parameters], gradients: [parameters], settings: [1] }, {}],
  ],
  adam: ({ parameters }) => {
    const all = [parameters];
    const inputs = { weights: all, gradients: all, momentum: all, velocity: all, settings: [1] };
    return [["adamUpdate", inputs, { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }]];
  },
};

const pictures = ({ batch, size }, channels) => [batch, size, size, channels];
const outPictures = (one, channels) => [one.batch, outputSize(one), outputSize(one), channels];

function convolution(one, name, kernel, inputs, outputs) {
  const [window, side, size] = [windowOf(one), outputSize(one), one.size];
  const [x, dy] = [pictures(one, inputs), outPictures(one, outputs)];
  return {
    forward: [[name, { x, kernel }, { ...window, outputHeight: side, outputWidth: side }]],
    inputGradient: [
      [`${name}InputGradient`, { dy, kernel }, { ...window, inputHeight: size, inputWidth: size }],
    ],
    kernelGradient: [
      [`${name}KernelGradient`, { x, dy }, { ...window, kernelHeight: one.kernel, kernelWidth: one.kernel }],
    ],
  }[one.part];
}

function pool(one, name, saved) {
  const [side, size] = [outputSize(one), one.size];
  const window = { poolHeight: one.kernel, poolWidth: one.kernel, ...windowOf(one) };
  if (one.part === "forward")
    return [[name, { x: pictures(one, one.channels) }, { ...window, outputHeight: side, outputWidth: side }]];
  const dy = outPictures(one, one.channels);
  return [[`${name}Gradient`, { dy, ...saved }, { ...window, inputHeight: size, inputWidth: size }]];
}

/** Where an update writes: over its own inputs. */
const written = { newWeights: "weights", newMomentum: "momentum", newVelocity: "velocity" };

async function waysOf(one) {
  const list = calls[one.kind](one);
  const short = one.flops < SHORT_FLOPS && one.bytes < SHORT_BYTES;
  const copies = short ? SHORT_CALLS : 1;
  const shapes = Object.assign({}, ...list.map(([, inputs]) => inputs));
  const { position, ...floats } = shapes;
  const { length, tensors } = stateOf(floats);
  const recorder = new Recorder(4 * length);
  const given = tensors(recorder);
  // the places of a max pool are what the pool itself says, so that they are of its own type
  if (position) given.position = recorder.input("position", position, "uint8");
  for (const [name, inputs, attributes] of list) {
    const operation = operations[name];
    const operands = Object.fromEntries(Object.keys(inputs).map((key) => [key, given[key]]));
    const into = Object.fromEntries(
      operation.outputs.filter((key) => written[key]).map((key) => [key, given[written[key]]]),
    );
    let outputs = recorder.apply(operation, operands, attributes, into);
    for (let copy = 1; copy < copies; copy++)
      outputs = recorder.apply(operation, operands, attributes, outputs);
    for (const [key, tensor] of Object.entries(outputs))
      if (!into[key]) recorder.output(`${name} ${key}`, tensor);
  }
  const program = planMemory(recorder.finish());
  const executable = backend.compile(program);
  const memory = {
    state: backend.allocate(program.stateBytes),
    work: backend.allocate(Math.max(64, program.workBytes)),
  };
  const values = viewMemory(memory.state, "float32", 0, length);
  for (let i = 0; i < values.length; i++) values[i] = Math.random();
  const inputs = position ? { position: placesOf(one, count(position)) } : {};
  const release = () => {
    for (const block of Object.values(memory)) block.release?.();
  };
  return { [backend.name]: { run: () => executable.run(memory, inputs), counts: copies, release } };
}

/** Winners of a pool, none of them in the padding, which lies at the bottom and the right. */
function placesOf({ kernel }, length) {
  const inside = [0, 1, kernel, kernel + 1];
  return Uint8Array.from({ length }, (_, i) => inside[i % inside.length]);
}

await serve({ backend: backend.description }, waysOf);
