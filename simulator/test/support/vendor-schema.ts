/** The vendor's OpenAPI files, when this checkout lies beside the shared reference folder. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FirmwareVersion } from '../../src/hardware.ts';

const folder = fileURLToPath(new URL('../../../../shared/reference/vnish-samples/', import.meta.url));

const fileOf = (firmware: FirmwareVersion) => `${folder}openapi-xminer-${firmware}.json`;

export const vendorFilesPresent = existsSync(fileOf('1.2.7')) && existsSync(fileOf('1.3.4'));

export interface VendorSchema {
  /** GET paths whose 200 has a JSON schema. */
  readonly reads: readonly string[];
  /** Errors of a 200 (or other) reply, or an empty list. */
  check(method: string, path: string, value: unknown, status?: number): string[];
}

interface OpenApi { paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>> }

export function vendorSchema(firmware: FirmwareVersion): VendorSchema {
  const document = JSON.parse(readFileSync(fileOf(firmware), 'utf8')) as OpenApi;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  ajv.addSchema(document, 'vendor');
  const compiled = new Map<string, ValidateFunction>();
  const pointer = (method: string, path: string, status: number) =>
    `vendor#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`;
  return {
    reads: Object.entries(document.paths).filter(([, methods]) => methods['get']?.responses['200']?.content?.['application/json'] !== undefined).map(([path]) => path),
    check: (method, path, value, status = 200) => {
      const ref = pointer(method, path, status);
      const validate = compiled.get(ref) ?? ajv.compile({ $ref: ref });
      compiled.set(ref, validate);
      return validate(value) ? [] : (validate.errors ?? []).map((problem) => `${problem.instancePath} ${problem.message ?? ''}`);
    },
  };
}
