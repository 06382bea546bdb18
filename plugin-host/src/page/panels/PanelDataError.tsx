export const PanelDataError = ({ message }: { message?: string }) => <div role="alert">Unable to draw the data: {message ?? 'no fields that fit'}</div>;

export const PanelRendererStandIn = ({ title }: { title: string }) => <div>The plugin host has no PanelRenderer ({title})</div>;
