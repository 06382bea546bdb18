/** Drops keys whose value is undefined, so that absent is absent. */
export function defined<T extends object>(value: { readonly [K in keyof T]: T[K] | undefined }): T {
  const present: Partial<T> = {};
  for (const key in value) if (value[key] !== undefined) present[key] = value[key];
  return present as T;
}
