import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressText, mostAddresses, parseRanges } from '../src/config/ranges.ts';
import { HashfleetError } from '../src/errors.ts';

const all = (...texts: string[]) => [...parseRanges(texts)].map(addressText);

describe('ranges of addresses', () => {
  test.each([
    ['192.168.1.21', ['192.168.1.21']],
    ['192.168.1.21:8080', ['192.168.1.21:8080']],
    ['192.168.1.21:80', ['192.168.1.21']],
    ['10.0.0.4/30', ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7']],
    ['10.0.0.6/30', ['10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.7']],
    ['10.0.0.254-10.0.1.1', ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']],
    ['127.0.0.9-11:90', ['127.0.0.9:90', '127.0.0.10:90', '127.0.0.11:90']],
    ['10.0.0.1, 10.0.0.3-4', ['10.0.0.1', '10.0.0.3', '10.0.0.4']],
    ['255.255.255.255/32', ['255.255.255.255']],
  ])('%s names %j', (text, addresses) => {
    expect(all(text)).toEqual(addresses);
    expect(parseRanges([text]).count).toBe(addresses.length);
  });

  test('what overlaps is named once; the same address at two ports is two places', () => {
    expect(all('10.0.0.1-3', '10.0.0.2-4', '10.0.0.2:81')).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.2:81']);
  });

  test('a range without a port takes the usual one', () => {
    expect([...parseRanges(['10.0.0.1', '10.0.0.2:80'], 8080)].map(addressText)).toEqual(['10.0.0.2', '10.0.0.1:8080']);
  });

  test.each([
    ['', 'is not a range'], ['miner.local', 'is not a range'], ['192.168.1', 'is not a range'], ['192.168.1.256', 'is not a range'], ['192.168.01.1', 'is not a range'], ['[::1]', 'is not a range'], ['::1', 'is not a range'],
    ['10.0.0.1-2-3', 'is not a range'], ['10.0.0.1,', 'is not a range'], ['10.0.0.9-3', 'ends before'], ['10.0.0.1-300', 'has an end'], ['10.0.0.1-', 'has an end'],
    ['10.0.0.1:0', 'a port'], ['10.0.0.1:70000', 'a port'], ['10.0.0.0/33', 'is not a network'], ['10.0.0.0/', 'is not a network'], ['10.0.0.0/24-3', 'is not a network'],
    ['10.0.0.0/15', 'names 131,072 addresses; at most 65,536'], ['0.0.0.0/0', 'at most 65,536'],
  ])('%j is refused: it %s, with what is allowed', (text, message) => {
    expect(() => parseRanges([text])).toThrow(HashfleetError);
    expect(() => parseRanges([text])).toThrow(message);
    expect(() => parseRanges([text])).toThrow('Allowed: 192.168.1.21, 192.168.1.0/24');
  });

  test('the limit holds over all ranges together, and a /16 is within it', () => {
    expect(parseRanges(['10.1.0.0/16']).count).toBe(mostAddresses);
    expect(() => parseRanges(['10.1.0.0/16', '10.3.0.1'])).toThrow('65,537 addresses');
  });

  const octet = fc.integer({ min: 0, max: 255 });
  const address = fc.tuple(octet, octet, octet, octet);

  test('every form of the same addresses names the same ones, in order, each once, and knows them', () => {
    fc.assert(fc.property(octet, octet, octet, fc.tuple(octet, octet), fc.integer({ min: 1, max: 65_535 }), (a, b, c, ends, port) => {
      const [from, to] = [Math.min(...ends), Math.max(...ends)];
      const short = parseRanges([`${a}.${b}.${c}.${from}-${to}:${port}`]);
      const named = [...short];
      expect(named).toEqual(Array.from({ length: to - from + 1 }, (_, index) => ({ host: `${a}.${b}.${c}.${from + index}`, port })));
      expect([...parseRanges([`${a}.${b}.${c}.${from}-${a}.${b}.${c}.${to}:${port}`])]).toEqual(named);
      expect([...parseRanges(named.map((one) => `${one.host}:${one.port}`).reverse())]).toEqual(named);
      expect(named.every((one) => short.has(one))).toBe(true);
      expect(short.has({ host: `${a}.${b}.${c}.${from}`, port: port === 1 ? 2 : port - 1 })).toBe(false);
    }), { numRuns: 40 });
  });

  test('a network has 2 to the power of its free bits, and the address that was written', () => {
    fc.assert(fc.property(address, fc.integer({ min: 22, max: 32 }), (parts, length) => {
      const named = all(`${parts.join('.')}/${length}`);
      expect(named).toHaveLength(2 ** (32 - length));
      expect(new Set(named).size).toBe(named.length);
      expect(named).toContain(parts.join('.'));
    }), { numRuns: 40 });
  });

  test('any text is either understood or refused with a sentence, never anything else', () => {
    const near = fc.string({ unit: fc.constantFrom(...Array.from('0123456789./-:, a')) });
    fc.assert(fc.property(fc.oneof(fc.string(), near), (text) => {
      try {
        const targets = parseRanges([text]);
        expect(targets.count).toBeGreaterThan(0);
        expect(targets.count).toBeLessThanOrEqual(mostAddresses);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(HashfleetError);
      }
    }), { numRuns: 500 });
  });
});
