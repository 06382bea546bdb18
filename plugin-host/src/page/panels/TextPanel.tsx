import { renderMarkdown, type PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';

export function TextPanel({ options, replaceVariables }: PanelProps<{ content?: string; mode?: string }>) {
  const theme = useTheme2();
  const html = renderMarkdown(replaceVariables(options.content ?? ''));
  return <div className="markdown-html" style={{ color: theme.colors.text.primary, overflow: 'auto', height: '100%' }} dangerouslySetInnerHTML={{ __html: html }} />;
}
