/** Firmware images in the operator's folder (control.firmware_folder), by name: never a path, never from the request. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../errors.ts';

export interface FirmwareFile {
  readonly name: string;
  /** Hex. */
  readonly sha256: string;
  readonly bytes: number;
  readonly content: Blob;
}

export interface FirmwareFiles {
  /** What `load` found, or why there is nothing. */
  of(name: string): FirmwareFile | { readonly problem: string };
  /** Reads the file, when it is another than before; it is held once for all miners. Never throws. */
  load(name: string): Promise<void>;
}

/** Bytes; several times a firmware's size. */
const largestFile = 256 * 2 ** 20;

export function firmwareFiles(folder: string | undefined): FirmwareFiles {
  let held: { readonly mark: string; readonly file: FirmwareFile } | undefined;
  let problem: { readonly name: string; readonly text: string } | undefined;
  return {
    of(name) {
      if (folder === undefined) return { problem: 'no folder of firmware is named (control.firmware_folder)' };
      if (held?.file.name === name) return held.file;
      return { problem: problem?.name === name ? problem.text : `the file "${name}" was not read yet` };
    },
    async load(name) {
      if (folder === undefined) return;
      try {
        const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name).sort();
        if (!names.includes(name)) throw new Error(`there is no file "${name}" in control.firmware_folder; there ${names.length === 0 ? 'is nothing' : `are: ${names.slice(0, 10).join(', ')}`}`);
        const file = path.join(folder, name);
        const { size, mtimeMs, ino } = await stat(file);
        if (size === 0 || size > largestFile) throw new Error(`the file "${name}" has ${size} bytes; a firmware has 1 to ${largestFile}`);
        const mark = `${name} ${size} ${mtimeMs} ${ino}`;
        if (held?.mark === mark) return;
        const content = await readFile(file);
        held = { mark, file: { name, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length, content: new Blob([content]) } };
      } catch (thrown) {
        held = undefined;
        problem = { name, text: messageOf(thrown) };
      }
    },
  };
}

/** Models and controllers as VNish's file names tell them (vnish-api.md, 2.3: /info.model, .platform). */
const modelWords = /^(?:l[379]\+*|[st]\d{2}[a-z]*|x1[79]|x21)$/i;
const platformNames: Readonly<Record<string, string>> = { aml: 'aml', amlogic: 'aml', bb: 'bb', beaglebone: 'bb', cv: 'cv', cvitek: 'cv', stm: 'stm', xil: 'xil', xilinx: 'xil' };

/** What the file's name says that it is for, as far as it says so. */
export function saidBy(name: string): { readonly models: readonly string[]; readonly platforms: readonly string[]; readonly version?: string } {
  const words = name.toLowerCase().split(/[^a-z0-9+]+/);
  const version = /(?:^|[^0-9])(\d+\.\d+\.\d+(?:-rc\d+)?)/i.exec(name)?.[1];
  return {
    models: words.filter((word) => modelWords.test(word)),
    platforms: words.flatMap((word) => (Object.hasOwn(platformNames, word) ? [platformNames[word] ?? ''] : [])),
    ...(version === undefined ? {} : { version }),
  };
}

/** Why the file is not for this machine, by its name; undefined when the name does not forbid it. */
export function unfit(name: string, { modelCode, platform }: { readonly modelCode?: string | undefined; readonly platform?: string | undefined }): string | undefined {
  const { models, platforms } = saidBy(name);
  const code = modelCode?.toLowerCase().split('-')[0];
  if (models.length > 0 && code !== undefined && !models.includes(code)) return `the file is for ${models.join(', ')} by its name, and the miner is ${modelCode ?? ''}`;
  if (platforms.length > 0 && platform !== undefined && !platforms.includes(platform)) return `the file is for the controller ${platforms.join(', ')} by its name, and the miner has ${platform}`;
  return undefined;
}
