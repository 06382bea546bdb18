export const NoData = () => (
  <div style={{ display: 'grid', placeItems: 'center', height: '100%' }}>
    <span>No data</span>
  </div>
);
