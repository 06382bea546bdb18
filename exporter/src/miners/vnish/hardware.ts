/** What the machine is made of: `/model` and `/chains/factory-info` (vnish-api.md, 2.3); pure. */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, type JsonObject } from '../fields.ts';
import { scaled } from '../quantities.ts';
import type { FactoryInfo, ModelLimits } from '../reading.ts';
import { unlessBlank, unlessZero } from './units.ts';

type FactoryBoard = FactoryInfo['boards'][number];

/** Frequencies in MHz; voltages here in units of 10 mV, unlike everywhere else (vnish-api.md, 2.5). */
export function parseLimits(model: JsonObject, mismatch: Mismatch): ModelLimits | undefined {
  const fields = fieldsOf(model, 'model', mismatch).optional.object('overclock')?.optional;
  const cooling = fieldsOf(model, 'model', mismatch).optional.object('cooling')?.optional;
  if (fields === undefined) return undefined;
  const hertz = (name: string) => scaled(unlessZero(fields.number(name)), 1e6);
  const volts = (name: string) => scaled(unlessZero(fields.number(name)), 1e-2);
  return defined<ModelLimits>({
    frequencyHertz: defined<ModelLimits['frequencyHertz']>({ min: hertz('min_freq'), max: hertz('max_freq'), warn: hertz('warn_freq'), default: hertz('default_freq') }),
    voltageVolts: defined<ModelLimits['voltageVolts']>({ min: volts('min_voltage'), max: volts('max_voltage'), max_stock_psu: volts('max_voltage_stock_psu'), default: volts('default_voltage') }),
    powerWatts: unlessZero(fields.number('max_power_limit')),
    cooling: cooling === undefined ? undefined : defined<NonNullable<ModelLimits['cooling']>>({ leastTarget: cooling.number('min_target_temp'), mostTarget: cooling.number('max_target_temp'), leastDutyRatio: scaled(cooling.number('min_fan_pwm', 0, 100), 0.01) }),
  });
}

/** Undefined while nothing of it is known: every field is null until the boards were read (vnish-api.md, 7 row 7). */
export function parseFactory(reply: JsonObject, mismatch: Mismatch): FactoryInfo | undefined {
  const fields = fieldsOf(reply, 'factory-info', mismatch).optional;
  const boards = fields.list('chains').flatMap((chain): FactoryBoard[] => {
    const board = chain.number('id', 1);
    if (board === undefined) return [];
    const found = defined<FactoryBoard>({ board, model: unlessBlank(chain.optional.text('board_model')), serial: unlessBlank(chain.optional.text('serial')), chipBin: chain.optional.number('chip_bin') });
    return Object.keys(found).length > 1 ? [found] : [];
  });
  const psu = defined<NonNullable<FactoryInfo['psu']>>({ model: unlessBlank(fields.text('psu_model')), serial: unlessBlank(fields.text('psu_serial')) });
  const knowsPsu = Object.keys(psu).length > 0;
  return boards.length === 0 && !knowsPsu ? undefined : { boards, ...(knowsPsu ? { psu } : {}) };
}
