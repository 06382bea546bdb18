import type { IncomingMessage, ServerResponse } from 'node:http';
import { createReadStream, statSync } from 'node:fs';
import path from 'node:path';

const contentTypes: Record<string, string> = {
  '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json', '.map': 'application/json',
  '.woff2': 'font/woff2', '.woff': 'font/woff', '.ttf': 'font/ttf', '.png': 'image/png', '.md': 'text/markdown', '.txt': 'text/plain',
};
const largestBody = 10 * 1024 * 1024;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

export function sendText(response: ServerResponse, status: number, body: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

export class BodyTooLarge extends Error {}

export async function readBody(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) {
      throw new BodyTooLarge(`body is larger than ${largestBody} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request)).toString('utf8');
  return text ? JSON.parse(text) : undefined;
}

/** A file under `folder`, or undefined where it is missing or outside. */
export function fileUnder(folder: string, relative: string): string | undefined {
  const file = path.resolve(folder, `.${path.posix.normalize(`/${decodeURIComponent(relative)}`)}`);
  if (file !== folder && !file.startsWith(folder + path.sep)) {
    return undefined;
  }
  return statSync(file, { throwIfNoEntry: false })?.isFile() ? file : undefined;
}

export function sendFile(response: ServerResponse, file: string): void {
  response.writeHead(200, {
    'content-type': contentTypes[path.extname(file)] ?? 'application/octet-stream',
    'cache-control': 'no-cache',
  });
  createReadStream(file).pipe(response);
}
