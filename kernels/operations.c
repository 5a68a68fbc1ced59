/*
 * All operations for one instruction set. This is the one file that is compiled several times, as one translation unit, so
 * that everything but its table is static; ISA is the suffix of the table's name.
 * sum-parts.c comes first; convolution-permuted.c and product-few-rows.c come before the files that call them.
 */
#include "sum-parts.c"
#include "activations.c"
#include "batch-norm.c"
#include "channels.c"
#include "convolution-few-channels.c"
#include "convolution-input-gradient.c"
#include "convolution-pooled-input-gradient.c"
#include "convolution-permuted.c"
#include "convolution-kernel-gradient-dense.c"
#include "convolution-kernel-gradient-winograd.c"
#include "convolution-kernel-gradient.c"
#include "product-few-rows.c"
#include "convolution.c"
#include "dense.c"
#include "depthwise-kernel-gradient.c"
#include "depthwise-strips.c"
#include "depthwise-rows.c"
#include "depthwise.c"
#include "elementwise.c"
#include "global-pooling.c"
#include "losses.c"
#include "machine.c"
#include "pooling.c"
#include "updates.c"

#define JOIN_NAMES(a, b) a##b
#define JOIN(a, b) JOIN_NAMES(a, b)
#define KERNEL(name) {#name, op_##name},
#define KERNEL_PAIR(name) KERNEL(name) KERNEL(name##Gradient)

extern KernelTable JOIN(kernels_, ISA);

KernelTable JOIN(kernels_, ISA) = {
    KERNEL(conv2d) KERNEL(conv2dInputGradient) KERNEL(conv2dKernelGradient)
    KERNEL(convBias) KERNEL(convBiasInputGradient) KERNEL(convBiasKernelGradient)
    KERNEL(convPool) KERNEL(convPoolInference) KERNEL(convPoolInputGradient) KERNEL(convPoolKernelGradient)
    KERNEL(depthwiseConv2d) KERNEL(depthwiseConv2dInputGradient) KERNEL(depthwiseConv2dKernelGradient)
    KERNEL(depthwiseBias)
    KERNEL(batchNorm) KERNEL(batchNormParameterGradient) KERNEL(batchNormInputGradient)
    KERNEL(movingAverage) KERNEL(scaleShift) KERNEL(foldBatchNorm)
    KERNEL(matmul) KERNEL(matmulInputGradient) KERNEL(matmulKernelGradient) KERNEL(addBias) KERNEL(biasGradient)
    KERNEL(add) KERNEL(multiply) KERNEL(concatenate) KERNEL(sliceChannels) KERNEL(scaleChannels) KERNEL(fill) KERNEL(rescale) KERNEL(dropout)
    KERNEL_PAIR(relu) KERNEL_PAIR(relu6) KERNEL_PAIR(leakyRelu) KERNEL_PAIR(boundedRelu) KERNEL_PAIR(elu) KERNEL_PAIR(selu)
    KERNEL_PAIR(sigmoid) KERNEL_PAIR(tanh) KERNEL_PAIR(exponential) KERNEL_PAIR(softplus) KERNEL_PAIR(softsign)
    KERNEL_PAIR(silu) KERNEL_PAIR(gelu) KERNEL_PAIR(geluApproximate) KERNEL_PAIR(hardSigmoid) KERNEL_PAIR(mish)
    KERNEL_PAIR(softmax)
    KERNEL_PAIR(maxPool2d) KERNEL_PAIR(averagePool2d) KERNEL_PAIR(globalAveragePool2d)
    KERNEL_PAIR(sigmoidCrossEntropy) KERNEL_PAIR(binaryCrossEntropy) KERNEL_PAIR(softmaxCrossEntropy)
    KERNEL_PAIR(categoricalCrossEntropy)
    KERNEL(sgdUpdate) KERNEL(momentumUpdate) KERNEL(adamUpdate)
    KERNEL(multiplyAddChains) KERNEL(triad)
    {0},
};
