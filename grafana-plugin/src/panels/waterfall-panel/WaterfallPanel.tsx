import { css, cx } from '@emotion/css';
import { FieldType, formattedValueToString, getFieldDisplayName, type GrafanaTheme2, type PanelProps } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { useMemo } from 'react';
import { readableOn } from '../drawing/contrast';
import { EmptyPanel } from '../drawing/EmptyPanel';
import { displayOf, linkOf, type Sample } from '../drawing/samples';
import type { WaterfallOptions } from './options';
import { rangeOf, waterfall, type Step } from './steps';

const labelHeight = 36;

/** What comes in, what goes, and what is left, as bars that begin where the one before ended. */
export function WaterfallPanel({ data, options, width, height, fieldConfig }: PanelProps<WaterfallOptions>) {
  const styles = useStyles2(getStyles);
  const { totalName, subtract } = options;
  const { steps, samples } = useMemo(() => {
    const minus = new Set(subtract.split(',').map((name) => name.trim()));
    const found = data.series.flatMap((frame) =>
      frame.fields
        .filter(({ type, values }) => type === FieldType.number && values.length > 0)
        .map((field) => ({ name: getFieldDisplayName(field, frame, data.series), field, row: field.values.length - 1, value: field.values[field.values.length - 1] as number | null }))
    );
    const known = found.filter(({ value }) => typeof value === 'number');
    return { samples: known, steps: waterfall(known.map(({ name, value }) => ({ name, value: minus.has(name) ? -Math.abs(value!) : value! })), totalName) };
  }, [data.series, totalName, subtract]);
  if (samples.length === 0) {
    return <EmptyPanel text={fieldConfig.defaults.noValue ?? 'No amounts to show'} wants="This panel needs an instant query for each amount: what comes in positive, what goes negative (or named under “Takes away”)." />;
  }
  const [least, most] = rangeOf(steps);
  const room = Math.max(40, height - labelHeight);
  const y = (value: number): number => ((most - value) / Math.max(most - least, 1e-12)) * (room - 20) + 10;
  const slot = width / steps.length;
  const barWidth = Math.min(120, slot * 0.7);
  const text = (step: Step): string => {
    const display = displayOf({ field: samples[0].field, value: step.value });
    return display ? formattedValueToString(display) : String(step.value);
  };
  const link = (index: number) => (index < samples.length ? linkOf(samples[index] as Pick<Sample, 'field' | 'row'>) : undefined);
  return (
    <div className={styles.panel} style={{ width, height }} data-testid="waterfall">
      <div className={styles.zero} style={{ top: y(0), width }} />
      <ol className={styles.list} aria-label="Waterfall">
        {steps.map((step, index) => {
          const [top, bottom] = [Math.min(y(step.start), y(step.end)), Math.max(y(step.start), y(step.end))];
          const href = link(index);
          const inside = bottom - top > 22;
          const body = (
            <>
              <span className={cx(styles.bar, styles[step.kind])} style={{ top, height: Math.max(2, bottom - top), width: barWidth, left: (slot - barWidth) / 2 }}>
                {inside && text(step)}
              </span>
              {!inside && (
                <span className={styles.value} style={{ top: bottom + 16 < room ? bottom + 2 : top - 18, width: slot }}>
                  {text(step)}
                </span>
              )}
              <span className={styles.name} style={{ top: room, width: slot }}>
                {step.name}
              </span>
            </>
          );
          return (
            <li key={step.name} className={styles.step} style={{ left: index * slot, width: slot, height }} title={`${step.name}: ${text(step)}`}>
              {href ? (
                <a href={href.href} target={href.target} className={styles.link}>
                  {body}
                </a>
              ) : (
                body
              )}
              {index < steps.length - 1 && <span className={styles.connector} style={{ top: y(step.end), left: slot / 2 + barWidth / 2, width: slot - barWidth }} />}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const { getColorByName } = theme.visualization;
  const tone = (color: string) => css({ background: getColorByName(color), color: readableOn(getColorByName(color)) });
  return {
    panel: css({ position: 'relative', overflow: 'hidden' }),
    list: css({ listStyle: 'none', margin: 0, padding: 0 }),
    step: css({ position: 'absolute', top: 0 }),
    link: css({ display: 'block', height: '100%', color: 'inherit' }),
    bar: css({ ...theme.typography.bodySmall, position: 'absolute', display: 'grid', placeItems: 'center', borderRadius: theme.shape.radius.default, fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap', overflow: 'hidden' }),
    value: css({ ...theme.typography.bodySmall, position: 'absolute', textAlign: 'center', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }),
    name: css({ ...theme.typography.bodySmall, position: 'absolute', textAlign: 'center', color: theme.colors.text.secondary, height: labelHeight, overflow: 'hidden', lineHeight: 1.3, padding: theme.spacing(0.25, 0.5) }),
    zero: css({ position: 'absolute', borderTop: `1px solid ${theme.colors.border.strong}` }),
    connector: css({ position: 'absolute', borderTop: `1px dashed ${theme.colors.border.strong}` }),
    gain: tone('green'),
    loss: tone('red'),
    total: tone('blue'),
  };
};
