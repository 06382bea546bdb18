/** What the API's server needs to speak TLS: read from files, and read anew when they change, as certificates are renewed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { FleetConfig } from '../config/schema.ts';
import { HashfleetError, messageOf } from '../errors.ts';

export type TlsConfig = NonNullable<FleetConfig['api']['tls']>;

/** @throws HashfleetError config_invalid naming the file, or what does not go together */
export function tlsOptions({ cert_file: cert, key_file: key, client_ca_file: ca }: TlsConfig, folder: string): SecureContextOptions {
  const read = (name: string, file: string): Buffer => {
    try {
      return readFileSync(path.resolve(folder, file));
    } catch (cause) {
      throw new HashfleetError('config_invalid', `api.tls.${name}: ${file} cannot be read: ${messageOf(cause)}.`, { cause });
    }
  };
  const options: SecureContextOptions = { cert: read('cert_file', cert), key: read('key_file', key), ...(ca === undefined ? {} : { ca: read('client_ca_file', ca) }), minVersion: 'TLSv1.2' };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new HashfleetError('config_invalid', `api.tls: ${cert}, ${key}${ca === undefined ? '' : ` and ${ca}`} are no certificate with its key: ${messageOf(cause)}.`, { cause });
  }
  return options;
}

export function tlsFiles({ cert_file: cert, key_file: key, client_ca_file: ca }: TlsConfig): string[] {
  return [cert, key, ...(ca === undefined ? [] : [ca])];
}
