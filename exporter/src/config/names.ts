/** Names of miners that an address range finds. Pure. */

/** What a template may hold between braces, and what it stands for. */
export interface NameParts {
  readonly mac: string;
  readonly host: string;
  readonly modelCode?: string | undefined;
  readonly hostname?: string | undefined;
}

const placeholders: Readonly<Record<string, (parts: NameParts) => string>> = {
  model_code: ({ modelCode }) => modelCode ?? 'miner',
  mac: ({ mac }) => mac.replaceAll(':', ''),
  mac_last: ({ mac }) => mac.replaceAll(':', '').slice(-6),
  ip: ({ host }) => host.replaceAll('.', '-'),
  ip_last: ({ host }) => host.slice(host.lastIndexOf('.') + 1),
  hostname: ({ hostname, mac }) => hostname ?? mac.replaceAll(':', '').slice(-6),
};

export const templateForms = `text with any of ${Object.keys(placeholders).map((name) => `{${name}}`).join(', ')}`;

/** Why the template is no good, or undefined. */
export function templateMistake(template: string): string | undefined {
  const unknown = [...template.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name).find((name) => !Object.hasOwn(placeholders, name));
  if (unknown !== undefined) return `"{${unknown}}" is unknown; write ${templateForms}`;
  if (!/\{[a-z_]+\}/.test(template)) return `would give every miner the same name; write ${templateForms}`;
  if (!/^[A-Za-z0-9._-]*$/.test(template.replace(/\{[a-z_]+\}/g, ''))) return 'may hold letters, digits, ".", "_" and "-" beside what stands in braces';
  return undefined;
}

/** A name that is not taken: the template's, else that with the end of the MAC, else with the whole of it. */
export function nameFrom(template: string, parts: NameParts, taken: (name: string) => boolean): string {
  const filled = template.replace(/\{([a-z_]+)\}/g, (_whole, name: string) => placeholders[name]?.(parts) ?? '');
  // What a device says about itself goes into a label: the letters of names only.
  const plain = filled.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 48) || 'miner';
  const digits = parts.mac.replaceAll(':', '');
  return [plain, `${plain}-${digits.slice(-6)}`, `${plain}-${digits}`].find((name) => !taken(name)) ?? digits;
}
