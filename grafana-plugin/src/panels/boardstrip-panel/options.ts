export interface BoardStripOptions {
  sortBy: 'name' | 'worst';
  showValue: boolean;
}

export const defaultOptions: BoardStripOptions = { sortBy: 'name', showValue: true };
