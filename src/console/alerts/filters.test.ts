import { describe, expect, it } from 'vitest';
import { alertsPath, readFilters, statusParams } from './filters.ts';

const read = (search: string) => {
  const params = new URLSearchParams(search);
  return readFilters({ one: (name) => params.get(name) ?? '', all: (name) => params.getAll(name) });
};

describe('the queue’s filters', () => {
  it.each([
    ['', 'alerts?status=new&limit=100'],
    ['status=any', 'alerts?limit=100'],
    ['status=new&status=closed', 'alerts?status=new&status=closed&limit=100'],
    ['status=constructor', 'alerts?limit=100'],
    [
      'level=high&level=nonsense&member=a&rule=r&text=x y',
      'alerts?status=new&level=high&memberId=a&ruleId=r&text=x+y&limit=100',
    ],
  ])('?%s asks for %s', (search, path) => {
    expect(alertsPath(read(search), 100)).toBe(path);
  });

  it.each([
    [[], ['any']],
    [['new'], []],
    [
      ['new', 'closed'],
      ['new', 'closed'],
    ],
  ])('status %o is kept as %o', (chosen, params) => {
    expect(statusParams(chosen)).toEqual(params);
  });
});
