/** MAC addresses, however they are written. Pure. */

/** Twelve hexadecimal digits, with `:` or `-` between the pairs or with nothing. */
export const macPattern = /^[0-9A-Fa-f]{2}(?:[:-]?[0-9A-Fa-f]{2}){5}$/;

/** Lower case with colons; undefined for what tells no machine from another: no MAC, all zeros, all ones. */
export function normalMac(text: string | undefined): string | undefined {
  if (text === undefined || !macPattern.test(text.trim())) return undefined;
  const digits = text.replace(/[^0-9A-Fa-f]/g, '').toLowerCase();
  return /^(?:0{12}|f{12})$/.test(digits) ? undefined : (digits.match(/../g) ?? []).join(':');
}
