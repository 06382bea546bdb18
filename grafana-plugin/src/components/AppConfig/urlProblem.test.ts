import { urlProblem } from './urlProblem';

describe('the API URL', () => {
  it.each(['http://exporter:9789', 'https://10.0.0.5/hashfleet'])('%s will do', (url) => {
    expect(urlProblem(url)).toBeUndefined();
  });
  it.each([['exporter:9789', /full address/], ['ftp://exporter', /full address/], ['http://exporter:9789/api/v1', /Leave out/]])('%s will not', (url, problem) => {
    expect(urlProblem(url)).toMatch(problem);
  });
});
