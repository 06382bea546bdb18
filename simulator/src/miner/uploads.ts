/**
 * Files that come and go over the API: backups of the settings, and firmware images. The vendor tells that a backup is a tar.gz of about
 * 1 KB and that both are uploaded as the field `file` of a form (vnish-api.md 2.2); what is inside is ours [S].
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { DeviceSettings } from './settings.ts';

/** Fields of multipart/form-data by name, as bytes; undefined when it is none (RFC 7578). */
export function readForm(contentType: string, body: Buffer): Map<string, Buffer> | undefined {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const fields = new Map<string, Buffer>();
  // Latin-1 keeps every byte as one character.
  for (const part of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
    const end = part.indexOf('\r\n\r\n');
    const name = /name="([^"]*)"/i.exec(part.slice(0, end))?.[1];
    if (end !== -1 && name !== undefined) fields.set(name, Buffer.from(part.slice(end + 4, -2), 'latin1'));
  }
  return fields;
}

/** A miner's settings with their secrets, as the firmware's own backup has them. */
export function archiveOf(settings: DeviceSettings): Buffer {
  return gzipSync(JSON.stringify({ version: 1, settings }));
}

/** Undefined for a file that is no backup. */
export function readArchive(file: Buffer): DeviceSettings | undefined {
  try {
    const found = JSON.parse(gunzipSync(file).toString('utf8')) as { version?: unknown; settings?: DeviceSettings };
    return found.version === 1 ? found.settings : undefined;
  } catch {
    return undefined;
  }
}

export interface FirmwareImage { readonly model: string; readonly version: string }

/** An image that the simulated miners take. */
export function firmwareImage({ model, version }: FirmwareImage): Buffer {
  return gzipSync(JSON.stringify({ image: 'vnish', model, version }));
}

/** Undefined for a file that is no image. */
export function readFirmware(file: Buffer): FirmwareImage | undefined {
  try {
    const found = JSON.parse(gunzipSync(file).toString('utf8')) as { image?: unknown; model?: unknown; version?: unknown };
    return found.image === 'vnish' && typeof found.model === 'string' && typeof found.version === 'string' ? { model: found.model, version: found.version } : undefined;
  } catch {
    return undefined;
  }
}
