import type { Platform } from "../../data/platform.ts";
import {
  eventFileName,
  type Summary,
  writeGraph,
  writeSummary,
  writeVersion,
} from "../../formats/tensorboard/events.ts";

/** Who writes, and when: event files are named by it. */
export interface EventWriter extends Pick<Platform, "join" | "makeFolder"> {
  appendFile(path: string, bytes: Uint8Array): Promise<void>;
  now(): Date;
  describe(): { readonly host: string; readonly processId: number };
}

/** How long TensorBoard may have to wait for what was added. */
const LONGEST_WAIT_MS = 5000;

interface EventPlace {
  readonly folder: string;
  /** Tells apart the files that one process opens. */
  readonly count: number;
}

/** A file of events in a folder, which is made with the first of them. One process writes at its end, others read meanwhile. */
export class EventFile {
  private readonly writer: EventWriter;
  private readonly place: EventPlace;
  private path: string | undefined;
  private added: Uint8Array[] = [];
  private oldest = 0;
  private written: Promise<void> = Promise.resolve();

  constructor(writer: EventWriter, place: EventPlace) {
    this.writer = writer;
    this.place = place;
  }

  /** Takes values now and writes them soon. What fails then is thrown by the next `write`. */
  add(summaries: readonly Summary[], step: number): void {
    this.addRecords((wallTime) => summaries.map((summary) => writeSummary(summary, step, wallTime)));
  }

  addGraph(graph: Uint8Array): void {
    this.addRecords((wallTime) => [writeGraph(graph, wallTime)]);
  }

  private addRecords(write: (wallTime: number) => Uint8Array[]): void {
    const now = this.writer.now().getTime();
    if (this.added.length === 0) this.oldest = now;
    this.added.push(...write(now / 1000));
    if (now - this.oldest >= LONGEST_WAIT_MS) this.appendAdded().catch(() => undefined);
  }

  /** When it is done, the system has these values and all that were added before. */
  write(summaries: readonly Summary[] = [], step = 0): Promise<void> {
    this.add(summaries, step);
    return this.appendAdded();
  }

  private appendAdded(): Promise<void> {
    const records = this.added;
    if (records.length > 0) this.written = this.written.then(() => this.append(records));
    this.added = [];
    return this.written;
  }

  private async append(records: readonly Uint8Array[]): Promise<void> {
    const begins = this.path === undefined;
    this.path ??= await this.begin();
    const whole = begins ? [writeVersion(this.writer.now().getTime() / 1000), ...records] : records;
    await this.writer.appendFile(this.path, concatenate(whole));
  }

  private async begin(): Promise<string> {
    const { writer } = this;
    const { folder, count } = this.place;
    await writer.makeFolder(folder);
    const { host, processId } = writer.describe();
    return writer.join(folder, eventFileName(writer.now().getTime() / 1000, host, processId, count));
  }
}

/** The folders that TensorBoard shows as runs, as Keras's callbacks lay them out. */
export interface EventFiles {
  readonly train: EventFile;
  readonly validation: EventFile;
  /** What Keras has no folder for: the photos that were kept for the end. */
  readonly test: EventFile;
  /** About the run itself; beside the other folders, where `hp.KerasCallback` is given the same folder as `TensorBoard`. */
  readonly run: EventFile;
}

/** A run that goes on opens new files beside the old ones, as TensorBoard expects. */
export function openEventFiles(writer: EventWriter, folder: string): EventFiles {
  const open = (count: number, ...names: string[]) =>
    new EventFile(writer, { folder: writer.join(folder, ...names), count });
  return {
    train: open(0, "train"),
    validation: open(1, "validation"),
    test: open(2, "test"),
    run: open(3),
  };
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}
