/** crypto.randomUUID() exists on secure pages only, and many Grafanas are served over plain http at home. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
