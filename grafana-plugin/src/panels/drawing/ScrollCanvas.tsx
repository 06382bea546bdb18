import { css } from '@emotion/css';
import { type GrafanaTheme2, type LinkModel } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React, { useEffect, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react';

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface View {
  /** What of the content is above the panel, in px. */
  top: number;
  width: number;
  height: number;
  theme: GrafanaTheme2;
}

interface Props {
  testId: string;
  width: number;
  height: number;
  /** Of everything, in px; more than `height` scrolls. */
  contentHeight: number;
  /** What the whole shows, for who cannot see it. */
  label: string;
  /** The entries that need somebody first, in words. */
  worst: readonly string[];
  /** Draws what lies in the view; the context is moved so that content stands where it belongs. */
  draw: (context: CanvasRenderingContext2D, view: View) => void;
  /** The entry at a place of the content. */
  hitAt: (x: number, y: number) => number | undefined;
  boxOf: (index: number) => Box | undefined;
  /** The next entry by an arrow key, "Home" or "End". */
  step: (index: number | undefined, key: string) => number | undefined;
  /** One line of text, which is read aloud. */
  textOf: (index: number) => string;
  tooltipOf: (index: number) => ReactNode;
  linkOf?: (index: number) => Pick<LinkModel, 'href' | 'target'> | undefined;
  /** Drawn over the canvas, such as a selection. */
  children?: ReactNode;
  onDrag?: (from: number, to: number) => void;
}

const tooltipWidth = 230;
const walkingKeys = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown'];

/** A canvas of which only the part in view is drawn, with pointer, keyboard and screen reader. The canvas stands still while the content moves under it. */
export function ScrollCanvas({ testId, width, height, contentHeight, label, worst, draw, hitAt, boxOf, step, textOf, tooltipOf, linkOf, children, onDrag }: Props) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [active, setActive] = useState<number>();
  const [scrolled, setScrolled] = useState(0);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const scrolls = contentHeight > height;
  const innerWidth = Math.max(0, width - (scrolls ? scrollbarWidth : 0));

  useEffect(() => {
    const [element, box] = [canvas.current, scroller.current];
    const context = element?.getContext('2d');
    if (!element || !box || !context) {
      return undefined;
    }
    const ratio = window.devicePixelRatio || 1;
    element.width = Math.round(innerWidth * ratio);
    element.height = Math.round(height * ratio);
    let frame: number | undefined;
    const paint = (): void => {
      frame = undefined;
      const top = box.scrollTop;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, element.width, element.height);
      context.setTransform(ratio, 0, 0, ratio, 0, -top * ratio);
      draw(context, { top, width: innerWidth, height, theme });
    };
    const later = (): void => {
      frame ??= requestAnimationFrame(paint);
    };
    paint();
    box.addEventListener('scroll', later, { passive: true });
    return () => {
      box.removeEventListener('scroll', later);
      if (frame !== undefined) {
        cancelAnimationFrame(frame);
      }
    };
  }, [draw, innerWidth, height, theme]);

  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = scroller.current!.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top + scroller.current!.scrollTop };
  };
  const point = (event: MouseEvent): void => {
    const { x, y } = place(event);
    setActive(hitAt(x, y));
    setScrolled(scroller.current!.scrollTop);
    if (drag) {
      setDrag({ from: drag.from, to: x });
    }
  };
  const open = (index: number | undefined): void => {
    const link = index === undefined ? undefined : linkOf?.(index);
    if (link) {
      window.open(link.href, link.target ?? '_self');
    }
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') {
      open(active);
      return;
    }
    if (event.key === 'Escape') {
      setActive(undefined);
      return;
    }
    if (!walkingKeys.includes(event.key)) {
      return;
    }
    event.preventDefault();
    const next = step(active, event.key);
    setActive(next);
    setScrolled(scroller.current?.scrollTop ?? 0);
    const box = next === undefined ? undefined : boxOf(next);
    if (box && scroller.current) {
      const { scrollTop } = scroller.current;
      if (box.top < scrollTop) {
        scroller.current.scrollTop = box.top;
      } else if (box.top + box.height > scrollTop + height) {
        scroller.current.scrollTop = box.top + box.height - height;
      }
    }
  };
  const release = (event: MouseEvent): void => {
    if (drag && onDrag && Math.abs(drag.to - drag.from) > 5) {
      onDrag(Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
    } else {
      const { x, y } = place(event);
      open(hitAt(x, y));
    }
    setDrag(undefined);
  };
  const activeBox = active === undefined ? undefined : boxOf(active);
  return (
    <div className={styles.panel} style={{ width, height }} data-testid={testId}>
      <canvas ref={canvas} className={styles.canvas} style={{ width: innerWidth, height }} aria-hidden />
      {/* A group that the arrow keys walk through; what they come to is read aloud below. */}
      <div
        ref={scroller}
        className={styles.scroller}
        style={{ cursor: onDrag ? 'crosshair' : active !== undefined && linkOf?.(active) ? 'pointer' : 'default' }}
        role="group"
        tabIndex={0}
        aria-label={label}
        onScroll={() => active !== undefined && setScrolled(scroller.current?.scrollTop ?? 0)}
        onMouseMove={point}
        onMouseLeave={() => {
          setActive(undefined);
          setDrag(undefined);
        }}
        onMouseDown={(event) => onDrag && setDrag({ from: place(event).x, to: place(event).x })}
        onMouseUp={release}
        onBlur={() => setActive(undefined)}
        onKeyDown={press}
      >
        <div style={{ height: Math.max(contentHeight, 1), position: 'relative' }}>
          {activeBox && <div className={styles.active} style={activeBox} />}
          {drag && <div className={styles.drag} style={{ left: Math.min(drag.from, drag.to), width: Math.abs(drag.to - drag.from), top: 0, height: contentHeight }} />}
          {children}
        </div>
        <ul className={styles.hidden}>
          {worst.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
        <div className={styles.hidden} aria-live="polite">
          {active !== undefined && textOf(active)}
        </div>
      </div>
      {active !== undefined && activeBox && (
        <Tooltip box={activeBox} scrolled={scrolled} width={width} height={height}>
          {tooltipOf(active)}
        </Tooltip>
      )}
    </div>
  );
}

const scrollbarWidth = 10;

function Tooltip({ box, scrolled, width, height, children }: { box: Box; scrolled: number; width: number; height: number; children: ReactNode }) {
  const styles = useStyles2(getStyles);
  const bottom = box.top + box.height - scrolled;
  const below = bottom < height * 0.6;
  return (
    <div
      className={styles.tooltip}
      role="tooltip"
      style={{ left: Math.min(Math.max(box.left + box.width / 2 - tooltipWidth / 2, 0), Math.max(width - tooltipWidth, 0)), ...(below ? { top: bottom + 4 } : { bottom: height - (box.top - scrolled) + 4 }) }}
    >
      {children}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({ position: 'relative' }),
  canvas: css({ position: 'absolute', left: 0, top: 0, pointerEvents: 'none' }),
  scroller: css({ position: 'absolute', inset: 0, overflowY: 'auto', overflowX: 'hidden', '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: -2 } }),
  active: css({ position: 'absolute', pointerEvents: 'none', outline: `2px solid ${theme.colors.text.primary}`, borderRadius: theme.shape.radius.default }),
  drag: css({ position: 'absolute', pointerEvents: 'none', background: theme.colors.primary.transparent, borderInline: `1px solid ${theme.colors.primary.border}` }),
  hidden: css({ position: 'absolute', width: 1, height: 1, margin: -1, padding: 0, overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' }),
  tooltip: css({
    ...theme.typography.bodySmall, position: 'absolute', zIndex: theme.zIndex.tooltip, width: tooltipWidth, padding: theme.spacing(1), pointerEvents: 'none', overflowWrap: 'anywhere',
    background: theme.colors.background.elevated, border: `1px solid ${theme.colors.border.medium}`, borderRadius: theme.shape.radius.default, boxShadow: theme.shadows.z2,
  }),
});
