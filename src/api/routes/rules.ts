/** Rules in force, as their files say, what is wrong with those that are not, and reading them anew. */
import { z } from 'zod';
import type { CorrelationRule, Problem, SigmaRule } from '../../detect/rule.ts';
import { formatProblem } from '../../detect/rule.ts';
import { Refusal } from '../../errors.ts';
import { level } from '../../model/alert.ts';
import { centerStaff, everyRole, readerOf, wholeAdministration } from '../access.ts';
import type { ApiParts, ApiServer } from '../parts.ts';
import { found } from '../problem.ts';
import { listOf, ruleParams } from '../schema.ts';

const ruleView = z.object({
  id: z.string(),
  name: z.string().optional(),
  title: z.string(),
  titleJa: z.string().nullable().describe('Null where the rule gives none'),
  level,
  status: z.string(),
  tags: z.array(z.string()).readonly(),
  kind: z.enum(['rule', 'correlation']),
  description: z.string(),
  descriptionJa: z.string().nullable().describe('Null where the rule gives none'),
  references: z.array(z.string()).readonly(),
  falsepositives: z.array(z.string()).readonly(),
  author: z.string(),
  logsource: z
    .object({ product: z.string().optional(), category: z.string().optional(), service: z.string().optional() })
    .nullable()
    .describe('Null for correlations'),
  type: z.string().optional().describe('Of a correlation, e.g. "value_count"'),
  rules: z.array(z.string()).readonly().optional().describe('Ids of the rules that a correlation refers to'),
  file: z.string(),
});

const problemView = z.object({
  severity: z.enum(['error', 'warning']),
  file: z.string(),
  line: z.int(),
  message: z.string(),
  text: z.string().describe('File, line and message in one'),
});

const standing = {
  version: z.string().describe('The same for the same files'),
  loadedAt: z.iso.datetime().describe('When the folders were read'),
};
const ids = z.array(z.string()).readonly();
const reloadView = z.object({
  ...standing,
  rules: z.int().describe('In force now'),
  correlations: z.int(),
  added: ids.describe('Ids of rules and correlations'),
  removed: ids,
  changed: ids,
  keptOld: z
    .array(z.object({ file: z.string(), since: z.iso.datetime(), rules: ids }))
    .readonly()
    .describe('Files that are broken as they lie there: what they gave before stays in force'),
  problems: z.array(problemView).readonly(),
});

const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;

function presentRule(rule: SigmaRule | CorrelationRule): z.infer<typeof ruleView> {
  const { id, title, level, status, tags, kind, description, references, falsepositives, author, name } = rule;
  return {
    ...{ id, title, level, status, tags, kind, description, references, falsepositives, author },
    titleJa: rule.own.titleJa ?? null,
    descriptionJa: rule.own.descriptionJa ?? null,
    ...given({ name }),
    logsource: rule.kind === 'rule' ? given(rule.logsource) : null,
    ...(rule.kind === 'correlation' && { type: rule.type, rules: rule.rules }),
    file: rule.where.file,
  };
}

function presentProblem(problem: Problem): z.infer<typeof problemView> {
  const { severity, where, message } = problem;
  return { severity, file: where.file, line: where.line, message, text: formatProblem(problem) };
}

export function addRules(server: ApiServer, { rules, reloadRules }: ApiParts): void {
  const all = () => [...rules().rules, ...rules().correlations];

  server.route({
    method: 'GET',
    url: '/api/v1/rules',
    config: { access: everyRole },
    schema: {
      operationId: 'listRules',
      summary: 'All rules in force, by title',
      tags: ['rules'],
      response: { 200: listOf(ruleView).omit({ next: true }).extend(standing) },
    },
    handler: async () => ({
      items: all()
        .map(presentRule)
        .sort((a, b) => (a.title < b.title ? -1 : a.title > b.title ? 1 : 0)),
      version: rules().version,
      loadedAt: rules().loadedAt,
    }),
  });

  server.route({
    method: 'GET',
    url: '/api/v1/rules/problems',
    config: { access: centerStaff },
    schema: {
      operationId: 'listRuleProblems',
      summary: 'Rules left out and why, and what looks wrong in the others',
      tags: ['rules'],
      response: { 200: listOf(problemView).omit({ next: true }) },
    },
    handler: async () => ({ items: rules().problems.map(presentProblem) }),
  });

  server.route({
    method: 'POST',
    url: '/api/v1/rules/reload',
    config: { access: wholeAdministration },
    schema: {
      operationId: 'reloadRules',
      summary: 'Read the folders of rules again',
      description:
        'Answers when every part of the center works with the new set. A file that is broken leaves what it gave before in force; when the reading as a whole fails (`not-reloaded`), all rules stay.',
      tags: ['rules'],
      response: { 200: reloadView },
    },
    handler: async (request) => {
      const { actor } = readerOf(request);
      const told = await reloadRules(actor).catch((error: unknown) => {
        throw new Refusal('not-reloaded', error instanceof Error ? error.message : String(error));
      });
      return { ...told, problems: told.problems.map(presentProblem) };
    },
  });

  server.route({
    method: 'GET',
    url: '/api/v1/rules/:id',
    config: { access: everyRole },
    schema: {
      operationId: 'getRule',
      summary: 'One rule',
      tags: ['rules'],
      params: ruleParams,
      response: { 200: ruleView },
    },
    handler: async (request) => presentRule(found(all().find((rule) => rule.id === request.params.id))),
  });
}
