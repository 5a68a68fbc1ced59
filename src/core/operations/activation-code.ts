/** How a fused operation's `activation` attribute says what is applied to its result. */
export const activationCode = { none: 0, relu: 1, relu6: 2 } as const;
