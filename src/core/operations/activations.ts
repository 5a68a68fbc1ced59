import { defineOperation, type Operation } from "./define.ts";

/**
 * Activations come in pairs: y = f(x), and dx = dy * f'(·), which takes either the input or the output of f, whichever
 * gives the slope more cheaply.
 */
function defineActivation<const Name extends string, const A extends string = never>(
  name: Name,
  slopeFrom: "x" | "y",
  attributes: readonly A[] = [],
) {
  const gradient = defineOperation<`${Name}Gradient`, "dy" | "from", "dx", A>({
    name: `${name}Gradient`,
    inputs: ["dy", "from"],
    outputs: ["dx"],
    attributes,
    infer: ({ dy }) => ({ dx: { shape: dy.shape } }),
  });
  const activation: Operation<Name, "x", "y", A> = {
    name,
    inputs: ["x"],
    outputs: ["y"],
    attributes,
    infer: ({ x }) => ({ y: { shape: x.shape } }),
    gradients: {
      x: (recorder, { inputs, outputs, attributes: values }, dy) =>
        recorder.apply(gradient, { dy, from: slopeFrom === "x" ? inputs.x : outputs.y }, values).dx,
    },
  };
  return [activation, gradient] as const;
}

/** max(x, 0). The slope at 0 is 0, as in Keras. */
export const [relu, reluGradient] = defineActivation("relu", "y");
/** min(max(x, 0), 6). */
export const [relu6, relu6Gradient] = defineActivation("relu6", "y");
/** x where x > 0, otherwise slope * x. Maas et al. 2013. */
export const [leakyRelu, leakyReluGradient] = defineActivation("leakyRelu", "x", ["slope"]);
/** min(x, maximum) where x > threshold, otherwise slope * (x - threshold). */
export const [boundedRelu, boundedReluGradient] = defineActivation("boundedRelu", "x", [
  "slope",
  "threshold",
  "maximum",
]);
/** x where x > 0, otherwise alpha * (exp(x) - 1). Clevert et al. 2016. */
export const [elu, eluGradient] = defineActivation("elu", "x", ["alpha"]);
/** scale * elu(x, alpha) with alpha 1.6732632423543772 and scale 1.0507009873554805. Klambauer et al. 2017. */
export const [selu, seluGradient] = defineActivation("selu", "x");
/** 1 / (1 + exp(-x)). */
export const [sigmoid, sigmoidGradient] = defineActivation("sigmoid", "y");
export const [tanh, tanhGradient] = defineActivation("tanh", "y");
export const [exponential, exponentialGradient] = defineActivation("exponential", "y");
/** log(1 + exp(x)). */
export const [softplus, softplusGradient] = defineActivation("softplus", "x");
/** x / (1 + |x|). */
export const [softsign, softsignGradient] = defineActivation("softsign", "x");
/** x * sigmoid(x). Ramachandran et al. 2017. */
export const [silu, siluGradient] = defineActivation("silu", "x");
/** x * Φ(x), with the normal distribution's own Φ. Hendrycks and Gimpel 2016. */
export const [gelu, geluGradient] = defineActivation("gelu", "x");
/** x * (1 + tanh(sqrt(2/π) * (x + 0.044715 x³))) / 2. */
export const [geluApproximate, geluApproximateGradient] = defineActivation("geluApproximate", "x");
/** min(max(x / 6 + 0.5, 0), 1), as in Keras 3. */
export const [hardSigmoid, hardSigmoidGradient] = defineActivation("hardSigmoid", "x");
/** x * tanh(softplus(x)). Misra 2019. */
export const [mish, mishGradient] = defineActivation("mish", "x");
/** exp(x - max) / sum over the last axis. x [..., classes]. */
export const [softmax, softmaxGradient] = defineActivation("softmax", "y");
