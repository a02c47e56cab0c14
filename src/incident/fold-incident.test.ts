import { describe, expect, test } from 'vitest';
import type { Alert, Incident } from '../model/alert.ts';
import { finding, rule } from './book.fixture.ts';
import { foldAlert } from './fold-alert.ts';
import { incidentId, joinIncident, mostAlerts, openIncident, type Placing, placeAlert } from './fold-incident.ts';

const now = '2026-11-23T13:00:00.000Z';
const alertAt = (hour: number, level: Alert['level'] = 'low', host = 'srv1'): Alert =>
  foldAlert(undefined, finding('low1', `host ${host}`, hour), rule('low1', level), now);

/** An incident of so many alerts, opened at that hour; later letters are younger. */
const incidentOf = (name: string, hour: number, alerts = 1): Incident => ({
  ...openIncident(alertAt(hour), `2026-11-23T12:00:0${name.charCodeAt(0) - 97}.000Z`),
  id: name,
  alertIds: Array.from({ length: alerts }, (_, index) => `${name}${index}`),
});

describe('placeAlert', () => {
  const cases: readonly [string, Partial<Placing> & { hour?: number }, string][] = [
    ['nothing near', {}, 'none'],
    ['an incident', { incidents: [incidentOf('a', 12)] }, 'join a'],
    ['an incident a day before', { incidents: [incidentOf('a', 0)], hour: 24 }, 'join a'],
    ['an incident more than a day before', { incidents: [incidentOf('a', 0)], hour: 25 }, 'none'],
    ['an incident more than a day after', { incidents: [incidentOf('a', 25)], hour: 0 }, 'none'],
    ['two incidents', { incidents: [incidentOf('b', 12), incidentOf('a', 12)] }, 'join a, absorb b'],
    [
      'a younger one beside its own',
      { own: incidentOf('a', 12), incidents: [incidentOf('b', 12)] },
      'join a, absorb b',
    ],
    ['an older one beside its own', { own: incidentOf('b', 12), incidents: [incidentOf('a', 12)] }, 'join a, absorb b'],
    ['its own, however far', { own: incidentOf('a', 0), hour: 90 }, 'join a'],
    ['a full one', { incidents: [incidentOf('a', 12, mostAlerts)] }, 'none'],
    ['a full one and another', { incidents: [incidentOf('a', 12, mostAlerts), incidentOf('b', 12)] }, 'join b'],
    ['two too large for one', { incidents: [incidentOf('a', 12, 600), incidentOf('b', 12, 600)] }, 'join a'],
    [
      'three, of which two fit together',
      { incidents: [incidentOf('a', 12, 600), incidentOf('b', 12, 600), incidentOf('c', 12, 9)] },
      'join a, absorb c',
    ],
    [
      'its own, too large for the older',
      { own: incidentOf('b', 12, 600), incidents: [incidentOf('a', 12, 600)] },
      'join b',
    ],
    ['an alert of the same rule', { loose: [alertAt(12, 'low', 'srv2')] }, 'none'],
    ['an alert of another rule', { loose: [{ ...alertAt(12), ruleId: 'low2' }] }, 'open'],
    ['an informational one of another rule', { loose: [{ ...alertAt(12, 'informational'), ruleId: 'low2' }] }, 'none'],
    ['a campaign', { inCampaign: true }, 'open'],
    ['a campaign, informational', { inCampaign: true, alert: alertAt(12, 'informational') }, 'none'],
    [
      'an incident, for a closed alert',
      { incidents: [incidentOf('a', 12)], alert: { ...alertAt(12), status: 'closed' } },
      'none',
    ],
  ];
  test.each(cases)('%s', (_, { hour = 12, ...placing }, expected) => {
    const place = placeAlert({
      alert: alertAt(hour),
      correlated: false,
      inCampaign: false,
      own: undefined,
      incidents: [],
      loose: [],
      ...placing,
    });
    const absorbed =
      place.kind === 'join' && place.absorb.length > 0 ? `, absorb ${place.absorb.map(({ id }) => id)}` : '';
    expect(place.kind === 'join' ? `join ${place.into.id}${absorbed}` : place.kind).toBe(expected);
  });
});

test('the id of an incident follows from its first alert', () => {
  const alert = alertAt(12);
  expect(incidentId(alert)).toBe(openIncident(alert, now).id);
  expect(incidentId(alert)).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(incidentId(alert)).not.toBe(alert.id);
  expect(incidentId({ ...alert, memberId: 'minami' })).not.toBe(incidentId(alert));
});

test('a level that an analyst lowered is not raised by an alert that was there before', () => {
  const alert = alertAt(12, 'high');
  const lowered: Incident = { ...openIncident(alert, now), level: 'low' };
  expect(joinIncident(lowered, alert).level).toBe('low');
  expect(joinIncident(lowered, alertAt(13, 'medium', 'srv2')).level).toBe('medium');
});
