/** A time in Unix ms as an input of type datetime-local takes it: to the minute, in the reader's own zone. */
export const localMinute = (time: number): string => new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
