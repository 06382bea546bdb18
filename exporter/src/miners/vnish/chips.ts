/** Every chip and sensor: `/chains` (1.2) or `/boards` (1.3) (vnish-api.md, 2.3); pure. */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, type Fields } from '../fields.ts';
import { scaled } from '../quantities.ts';
import { chipGrades, type ChipReading, type ChipsReading, type SensorReading } from '../reading.ts';
import { unlessZero } from './units.ts';

/** More chips than any board has: an L9's has 110. */
const mostChips = 512;

/** Voltage in mV, frequency in MHz, `hr` in the miner's own unit (vnish-api.md, 2.5). */
export function parseChips(reply: unknown, unit: number | undefined, mismatch: Mismatch): ChipsReading {
  if (!Array.isArray(reply)) {
    mismatch('boards', 'boards');
    return { chips: [], sensors: [] };
  }
  const boards = fieldsOf({ boards: reply as unknown[] }, 'boards', mismatch).list('boards').flatMap((fields) => {
    const board = fields.ordinal('id', 1);
    return board === undefined ? [] : [{ board, fields }];
  });
  return {
    chips: boards.flatMap(({ board, fields }) => fields.optional.list('chips', mostChips).flatMap((chip) => parseChip(board, chip, unit))),
    sensors: boards.flatMap(({ board, fields }) => fields.optional.list('sensors').map((sensor, index) => parseSensor(board, index + 1, sensor))),
  };
}

function parseChip(board: number, fields: Fields, unit: number | undefined): ChipReading[] {
  const id = fields.ordinal('id');
  if (id === undefined) return [];
  const grade = fields.optional.text('grade');
  return [defined<ChipReading>({
    board, chip: id,
    hashrate: scaled(fields.number('hr'), unit),
    frequencyHertz: scaled(fields.optional.number('freq'), 1e6),
    voltageVolts: scaled(fields.optional.number('volt'), 1e-3),
    temperature: unlessZero(fields.optional.number('temp')),
    errors: fields.optional.number('errs'),
    grade: chipGrades.find((one) => one === grade),
  })];
}

/** `init` and `ready` come before the first measurement: neither well nor broken. */
function parseSensor(board: number, sensor: number, fields: Fields): SensorReading {
  const state = fields.text('state');
  return defined<SensorReading>({ board, sensor, ok: state === 'measure' ? true : state === 'error' || state === 'unknown' ? false : undefined });
}
