import type { PhotoStore } from "../data/cache/photo-store.ts";
import type { RgbImage } from "../data/image.ts";
import type { Platform } from "../data/platform.ts";

/** What the tasks need from the machine beyond files and pictures. */
export interface Machine extends Platform {
  /** A path that means the same from any working folder. */
  absolute(path: string): string;
  /** Makes one folder, which must not exist yet. False where something is there already. */
  claimFolder(path: string): Promise<boolean>;
  /**
   * Claims what this file stands for until the promise's function is called or the process ends. Undefined while another
   * process has it.
   */
  lock(path: string): Promise<(() => Promise<void>) | undefined>;
  /** Removes what writing left unfinished in a folder when a process was killed. */
  removeUnfinished(folder: string): Promise<void>;
  appendFile(path: string, bytes: Uint8Array): Promise<void>;
  /** Draws an SVG at `scale` pixels a unit, on white. */
  renderSvg(svg: string, scale?: number): Promise<RgbImage>;
  renderSvgToPng(svg: string, scale?: number): Promise<Uint8Array>;
  /** The font that plots are lettered in. */
  readTextFont(): Promise<Uint8Array>;
  now(): Date;
  /** Milliseconds from any fixed moment. */
  clock(): number;
  /** Frees what nobody holds any more, now: between two kinds of work, so that the first does not weigh on the second. */
  freeMemory(): Promise<void>;
  /** Gives the system back what has been freed already, which is quicker: now and then while one kind of work goes on. */
  returnFreed(): void;
  /** Bytes that can be had before the machine swaps. */
  availableMemory(): number;
  /** Keeps decoded photos on the disk, for later runs too. */
  openPhotoFolder(options: PhotoFolderOptions): PhotoStore;
  describe(): MachineDescription;
}

export interface PhotoFolderOptions {
  /** By default in the user's cache folder. */
  readonly folder?: string | undefined;
  /** What all that is kept may take on the disk, in bytes. By default 20 GB, and never more than half of what the disk has free. */
  readonly bytes?: number | undefined;
  /** Told, once, why nothing more is written. */
  readonly onNotice: (text: string) => void;
}

/** For `config.json`: where a run was made. */
export interface MachineDescription {
  readonly host: string;
  readonly processId: number;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Of Fovea and what it stands on, by name. */
  readonly versions: Readonly<Record<string, string>>;
}
