/**
 * What the API answers to the console, as types. Nouns come from model; only what the API adds or leaves out is said here.
 * Checks nothing at run time: the server is the same release as this page.
 */
import type { Role, User } from '../model/access.ts';
import type { Alert, alertStatus, Campaign, closeReason, Incident, incidentStatus, Level } from '../model/alert.ts';
import type { Reject } from '../model/batch.ts';
import type { Event } from '../model/event.ts';
import type { Member, Source } from '../model/member.ts';
import type { CenterStatus, ProcessStatus, StatusProblem, WaitingStatus } from '../model/status.ts';

export type { Campaign, CenterStatus, Event, Level, Member, ProcessStatus, Reject, Role, StatusProblem, WaitingStatus };
export type Language = User['language'];
export type AlertStatus = (typeof alertStatus)['_output'];
export type CloseReason = (typeof closeReason)['_output'];
export type IncidentStatus = (typeof incidentStatus)['_output'];

/** A member is never shown the campaign. */
export type AlertView = Omit<Alert, 'campaignId'> & { readonly campaignId?: string | null };
export type IncidentView = Omit<Incident, 'campaignId'> & { readonly campaignId?: string | null };

export interface SessionUser {
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly members: 'all' | readonly string[];
  readonly language: Language;
}

export interface Session {
  readonly user: SessionUser;
  readonly csrfToken: string;
}

export interface List<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface EventList extends List<Event> {
  /** Everything from here to the end of the range has been looked at. */
  readonly searchedTo: string;
}

export interface Bucket {
  readonly at: string;
  readonly events: number;
}

export interface AlertCounts {
  readonly status: Partial<Record<AlertStatus, number>>;
  readonly level: Partial<Record<Level, number>>;
}

export interface TimelineItem {
  readonly at: string;
  readonly kind: 'alert-first' | 'alert-last' | 'comment' | 'change';
  /** Of a change: "status: new → closed, assignee: - → kai", after the alert's title where it was one. Of a comment: empty. */
  readonly title: string;
  readonly titleJa?: string;
  readonly memberId?: string;
  readonly alertId?: string;
  readonly by?: string;
  readonly text?: string;
}

export interface IncidentDetail {
  readonly incident: IncidentView;
  readonly alerts: readonly AlertView[];
  readonly timeline: readonly TimelineItem[];
}

export interface CampaignDetail {
  readonly campaign: Campaign;
  readonly incidents: readonly IncidentView[];
  readonly alerts: readonly AlertView[];
  /** False when there are more alerts than are shown. */
  readonly complete: boolean;
  readonly timeline: readonly TimelineItem[];
}

export type Health = 'ok' | 'silent' | 'failing' | 'never';

export interface SourceView extends Source {
  /** Records of the last 24 hours; `pending` is now. */
  readonly counters: {
    readonly received: number;
    readonly events: number;
    readonly rejects: number;
    readonly refused: number;
    readonly pending: number;
  };
  readonly lastReceivedAt: string | null;
  readonly health: Health;
}

export interface RuleView {
  readonly id: string;
  readonly title: string;
  readonly titleJa: string | null;
  readonly level: Level;
  readonly status: string;
  readonly tags: readonly string[];
  readonly kind: 'rule' | 'correlation';
  readonly description: string;
  readonly descriptionJa: string | null;
  readonly references: readonly string[];
  readonly falsepositives: readonly string[];
  readonly author: string;
  /** Null for correlations. */
  readonly logsource: { readonly product?: string; readonly category?: string; readonly service?: string } | null;
  /** Of a correlation: how it counts, and the rules it refers to. */
  readonly type?: string;
  readonly rules?: readonly string[];
  readonly file: string;
}

/** A batch set aside after its last attempt. */
export interface DeadBatch {
  readonly queue: 'records' | 'matches';
  readonly id: string;
  readonly memberId: string;
  readonly sourceId: string;
  readonly records: number;
  readonly receivedAt: string;
  readonly error: string;
  readonly attempts: number;
}

/** `oldestMs` is null for readers of some members. */
export interface QueueView {
  readonly depth: { readonly records: number; readonly oldestMs: number | null };
  readonly dead: readonly DeadBatch[];
}

/** The rules in force, and which set they are. */
export interface RuleList extends List<RuleView> {
  readonly version: string;
  readonly loadedAt: string;
}

export interface RuleProblem {
  readonly severity: 'error' | 'warning';
  /** File, line and message in one. */
  readonly text: string;
}

/** What reading the rules anew brought. */
export interface RulesReload {
  readonly rules: number;
  readonly correlations: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** Files that are broken: what they gave before stays in force. */
  readonly keptOld: readonly { readonly file: string }[];
}

export interface BulkResults {
  readonly results: readonly {
    readonly id: string;
    readonly ok: boolean;
    readonly version?: number;
    readonly error?: { readonly detail: string };
  }[];
}
