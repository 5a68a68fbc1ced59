import { InputError } from "../util/errors.ts";
import { type Pieces, withoutPauses, withPauses } from "../util/pauses.ts";
import { elementCount, formatShape } from "../util/shapes.ts";
import type { Backend, Executable, InputArray, Memory } from "./backend.ts";
import type { OptimizerRecord, WeightRecord } from "./description.ts";
import type { Loss } from "./losses.ts";
import { type MemoryBlock, viewMemory } from "./memory.ts";
import type { Model, ModelWeight } from "./model.ts";
import type { Optimizer } from "./optimizers/table.ts";
import type { Program } from "./program.ts";
import { inferenceProgram, stateBytes, trainingProgram } from "./programs.ts";

/** How a model is trained. */
export interface Compilation {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
}

/** What one step gives: both from before the update. */
export interface StepResult {
  /** [batch, outputs] */
  readonly predictions: Float32Array;
  /** Mean over the batch. */
  readonly loss: number;
}

export interface TrainingStep {
  /** [batch, height, width, channels]. Like all inputs, left alone until the promise settles. */
  readonly images: Float32Array;
  /** [batch, outputs] */
  readonly labels: Float32Array;
  readonly learningRate: number;
  /** Names the random numbers of this step: key, key, counter, counter. */
  readonly random: Uint32Array;
}

const SMALLEST_BLOCK = 64;
const noMemory: MemoryBlock = { buffer: new ArrayBuffer(0), byteOffset: 0, byteLength: 0 };

/** Numbers that are copied without a pause: where the system has to find the memory first, 4 MB take 10 ms. */
const PIECE = 1 << 20;

interface Prepared {
  readonly program: Program;
  readonly executable: Executable;
  /** The version of the weights that it last ran with. */
  seen: number;
}

/**
 * A model with its weights on a backend. Programs are made when they are first needed, one for each batch size, and share the
 * memory; one runs at a time.
 */
export class Session {
  readonly model: Model;
  readonly backend: Backend;
  private readonly compilation: Compilation | undefined;
  private readonly programs = new Map<string, Prepared>();
  private memory: Memory;
  private updates = 0;
  /** Grows whenever the weights may have changed. */
  private version = 0;
  private running = false;

  constructor(backend: Backend, model: Model, compilation?: Compilation) {
    this.backend = backend;
    this.model = model;
    this.compilation = compilation;
    const state = backend.allocate(Math.max(stateBytes(model, this.slotNames.length), SMALLEST_BLOCK));
    this.memory = { state, work: backend.allocate(SMALLEST_BLOCK) };
  }

  /** Updates made so far. */
  get iterations(): number {
    return this.updates;
  }

  /** Predictions [batch, outputs] for images [batch, height, width, channels]. */
  async predict(images: Float32Array): Promise<Float32Array> {
    const batchSize = this.batchSizeOf(images);
    const record = () => inferenceProgram(this.model, { batchSize });
    const { predictions } = await this.run(`predict ${batchSize}`, record, { images });
    return predictions;
  }

  /** Predictions and loss, nothing being learned. */
  async evaluate(images: Float32Array, labels: Float32Array): Promise<StepResult> {
    const batchSize = this.batchSizeOf(images);
    const { loss } = this.compiled;
    const record = () => inferenceProgram(this.model, { batchSize }, loss);
    const outputs = await this.run(`evaluate ${batchSize}`, record, { images, labels });
    return { predictions: outputs.predictions, loss: outputs.loss[0] };
  }

  /** One update of the weights. */
  async train({ images, labels, learningRate, random }: TrainingStep): Promise<StepResult> {
    const batchSize = this.batchSizeOf(images);
    const { loss, optimizer } = this.compiled;
    const { definition, config } = optimizer;
    const settings = Float32Array.from(definition.settings(config, learningRate, this.updates + 1));
    const record = () => trainingProgram(this.model, loss, optimizer, { batchSize });
    this.version++; // also where the step fails half-way
    const outputs = await this.run(`train ${batchSize}`, record, { images, labels, settings, random });
    this.updates++;
    return { predictions: outputs.predictions, loss: outputs.loss[0] };
  }

  /** The weights in the model's order: the memory itself, which the next step changes. Good until the next call. */
  get weights(): WeightRecord[] {
    return this.recordsAt(0);
  }

  /** Sets all weights, in the model's order; shapes must be the model's. */
  set weights(values: readonly Float32Array[]) {
    withoutPauses(this.setAt(0, values));
  }

  /** The same, with pauses for others. */
  setWeightsWithPauses(values: readonly Float32Array[]): Promise<void> {
    return withPauses(this.setAt(0, values));
  }

  /** The optimizer's memory, which the next step changes. Good until the next call. */
  get optimizer(): OptimizerRecord {
    const { definition, config } = this.compiled.optimizer;
    const slots = this.slotNames.flatMap((slot, index) =>
      this.recordsAt(index + 1).map((weight) => ({ slot, weight })),
    );
    return { className: definition.className, config, iterations: this.updates, slots };
  }

  /**
   * Goes on where another session's `optimizer` stopped.
   * @throws InputError `optimizer.mismatch`
   */
  set optimizer(record: OptimizerRecord) {
    const { className } = this.compiled.optimizer.definition;
    if (record.className !== className) {
      throw new InputError(
        "optimizer.mismatch",
        `Expected what ${className} remembers, found what ${record.className} does`,
      );
    }
    this.slotNames.forEach((slot, index) => {
      const weights = record.slots.filter((entry) => entry.slot === slot).map(({ weight }) => weight.values);
      withoutPauses(this.setAt(index + 1, weights));
    });
    this.updates = record.iterations;
  }

  private get compiled(): Compilation {
    if (!this.compilation) throw new Error("This session was made without a loss and an optimizer");
    return this.compilation;
  }

  private get slotNames(): string[] {
    if (!this.compilation) return [];
    const { definition, config } = this.compilation.optimizer;
    return definition.slots(config);
  }

  private batchSizeOf(images: Float32Array): number {
    const { inputShape } = this.model.description;
    const batchSize = images.length / elementCount(inputShape);
    if (batchSize >= 1 && Number.isInteger(batchSize)) return batchSize;
    throw new Error(`Expected images of ${formatShape(inputShape)}, found ${images.length} numbers`);
  }

  /** Runs a program and copies its outputs, by name. */
  private async run(key: string, record: () => Program, given: Readonly<Record<string, InputArray>>) {
    if (this.running) throw new Error("This session is at work; wait for it before the next call");
    const prepared = this.prepare(key, record);
    const { program, executable } = prepared;
    const inputs = chooseInputs(program, given);
    const memory = this.memory;
    this.running = true;
    try {
      await executable.run(memory, inputs, prepared.seen !== this.version);
      prepared.seen = this.version;
      return readOutputs(program, memory);
    } finally {
      this.running = false;
    }
  }

  /** Gives back the memory that steps work in, at a moment when the next step is far off; the weights stay. */
  rest(): void {
    if (!this.running) this.giveWork(SMALLEST_BLOCK);
  }

  private prepare(key: string, record: () => Program): Prepared {
    const prepared = this.programs.get(key) ?? this.compile(record());
    this.programs.set(key, prepared);
    const { workBytes } = prepared.program;
    if (workBytes > this.memory.work.byteLength) this.giveWork(workBytes);
    return prepared;
  }

  private compile(program: Program): Prepared {
    return { program, executable: this.backend.compile(program), seen: -1 };
  }

  private giveWork(bytes: number): void {
    const { state, work } = this.memory;
    work.release?.();
    this.memory = { state, work: noMemory }; // also where there is none of that size
    this.memory = { state, work: this.backend.allocate(bytes) };
  }

  private recordsAt(slot: number): WeightRecord[] {
    return this.weightsAt(slot).map(({ layer, name, shape, offset }) => ({
      layer,
      name,
      shape,
      values: this.stateAt(slot, offset, elementCount(shape)),
    }));
  }

  private *setAt(slot: number, values: readonly Float32Array[]): Pieces<void> {
    this.version++;
    for (const [index, { layer, name, shape, offset }] of this.weightsAt(slot).entries()) {
      const length = elementCount(shape);
      if (values[index]?.length !== length) {
        throw new Error(
          `Expected ${length} numbers for ${layer}/${name}, found ${values[index]?.length ?? "none"}`,
        );
      }
      const target = this.stateAt(slot, offset, length);
      for (let start = 0; start < length; start += PIECE) {
        target.set(values[index].subarray(start, start + PIECE), start);
        yield;
      }
    }
  }

  /** Slot 0 is the weights themselves; the others are for the weights that are trained. */
  private weightsAt(slot: number): readonly ModelWeight[] {
    return slot === 0 ? this.model.weights : this.model.trainableWeights;
  }

  private stateAt(slot: number, offset: number, length: number): Float32Array {
    const { weightLength, trainableLength } = this.model;
    const first = slot === 0 ? 0 : weightLength + (slot - 1) * trainableLength;
    const start = (first + offset) * Float32Array.BYTES_PER_ELEMENT;
    return viewMemory(this.memory.state, "float32", start, length);
  }
}

/** What the program asks for, each of its exact length: backends read the arrays as they are. */
function chooseInputs(program: Program, given: Readonly<Record<string, InputArray>>) {
  const chosen = [...program.inputs].map(([name, { shape }]) => {
    const length = elementCount(shape);
    if (given[name]?.length === length) return [name, given[name]];
    throw new Error(`Expected ${length} numbers in ${name}, found ${given[name]?.length ?? "none"}`);
  });
  return Object.fromEntries(chosen) as Record<string, InputArray>;
}

function readOutputs({ outputs }: Program, { work }: Memory): Record<string, Float32Array> {
  const copies = [...outputs].map(([name, { buffer, offset, shape }]) => {
    const start = buffer.byteOffset + offset * Float32Array.BYTES_PER_ELEMENT;
    return [name, viewMemory(work, "float32", start, elementCount(shape)).slice()];
  });
  return Object.fromEntries(copies);
}
