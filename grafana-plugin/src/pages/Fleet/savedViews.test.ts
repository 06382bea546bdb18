import { readViews, viewOf, withoutView, withView } from './savedViews';

describe('saved views', () => {
  it('keep filters, grouping and time range of the address, and nothing else', () => {
    expect(viewOf('?var-site=a&var-site=b&var-group=rack&from=now-1h&to=now&refresh=30s&kiosk')).toBe('var-site=a&var-site=b&var-group=rack&from=now-1h&to=now');
    expect(viewOf('')).toBe('');
  });

  it('are read back as they were written; what is no view is left out', () => {
    const views = withView(withView([], { name: 'Rack 2', search: 'var-search=2' }), { name: 'All L7', search: 'var-model=L7' });
    expect(readViews(JSON.stringify(views))).toEqual([{ name: 'All L7', search: 'var-model=L7' }, { name: 'Rack 2', search: 'var-search=2' }]);
    expect(readViews('[{"name":"x"},5,null,{"name":"","search":""},{"name":"y","search":"a=b"}]')).toEqual([{ name: 'y', search: 'a=b' }]);
    for (const damaged of [null, '', '{', '{}', '"text"']) {
      expect(readViews(damaged)).toEqual([]);
    }
  });

  it('are replaced by name, and taken away by it', () => {
    const views = withView([{ name: 'a', search: 'x=1' }], { name: 'a', search: 'x=2' });
    expect(views).toEqual([{ name: 'a', search: 'x=2' }]);
    expect(withoutView(views, 'a')).toEqual([]);
  });
});
