import { dateTimeFormat, FieldType, getDisplayProcessor, getFieldDisplayName, type DataFrame, type Field, type PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import { NoData } from './NoData';

interface Segment { from: number; to: number; text: string; color: string }

/** Neighbouring equal texts are one segment; a gap of more than three steps stays open. */
function segments(frame: DataFrame, field: Field, end: number, display: NonNullable<Field['display']>): Segment[] {
  const times = frame.fields.find((one) => one.type === FieldType.time)?.values ?? [];
  const step = times.length > 1 ? times[1] - times[0] : 60_000;
  const found: Segment[] = [];
  field.values.forEach((value, index) => {
    if (value === null || value === undefined) {
      return;
    }
    const shown = display(value);
    const text = `${shown.prefix ?? ''}${shown.text}${shown.suffix ?? ''}`;
    const from = times[index];
    const to = Math.min(index + 1 < times.length && times[index + 1] - from <= 3 * step ? times[index + 1] : from + step, end);
    const last = found.at(-1);
    if (last && last.text === text && last.to >= from) {
      last.to = to;
    } else {
      found.push({ from, to, text, color: shown.color ?? 'gray' });
    }
  });
  return found;
}

const nameWidth = 130;

export function StateTimelinePanel({ data, timeRange, timeZone, width, height }: PanelProps) {
  const theme = useTheme2();
  const rows = data.series.flatMap((frame) =>
    frame.fields
      .filter((field) => field.type !== FieldType.time)
      .map((field) => ({ frame, field, display: field.display ?? getDisplayProcessor({ field, theme, timeZone }) }))
  );
  if (rows.length === 0) {
    return <NoData />;
  }
  const from = timeRange.from.valueOf();
  const to = timeRange.to.valueOf();
  const x = (time: number): number => nameWidth + ((time - from) / (to - from)) * (width - nameWidth);
  const rowHeight = Math.min(Math.max((height - 20) / rows.length, 14), 40);
  const axis = [0, 0.25, 0.5, 0.75].map((share) => from + share * (to - from));
  return (
    <div style={{ height, overflow: 'auto' }}>
      <svg width={width} height={rowHeight * rows.length + 20} role="img" aria-label="State timeline">
        {rows.map(({ frame, field, display }, row) => (
          <g key={row} transform={`translate(0 ${row * rowHeight})`}>
            <text x={0} y={rowHeight / 2} dominantBaseline="middle" fontSize={12} fill={theme.colors.text.secondary}>
              {getFieldDisplayName(field, frame, data.series)}
            </text>
            {segments(frame, field, to, display).map((segment) => {
              const left = Math.max(x(segment.from), nameWidth);
              const length = Math.max(x(segment.to) - left, 1);
              return (
                <g key={segment.from}>
                  <rect x={left} y={2} width={length} height={rowHeight - 4} fill={segment.color} fillOpacity={0.75}>
                    <title>{`${segment.text} from ${dateTimeFormat(segment.from, { timeZone })} to ${dateTimeFormat(segment.to, { timeZone })}`}</title>
                  </rect>
                  {length > segment.text.length * 8 && (
                    <text x={left + 4} y={rowHeight / 2} dominantBaseline="middle" fontSize={11} fill={theme.colors.getContrastText(segment.color)}>
                      {segment.text}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        ))}
        {axis.map((time) => (
          <text key={time} x={x(time)} y={rowHeight * rows.length + 14} fontSize={11} fill={theme.colors.text.secondary}>
            {dateTimeFormat(time, { timeZone, format: 'HH:mm' })}
          </text>
        ))}
      </svg>
    </div>
  );
}
