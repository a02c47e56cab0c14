/**
 * All settings of hinomi.yml and the environment, each with its bounds, default and meaning: types, checks and the reference page
 * come from here. Reads nothing; that is config.ts.
 */
import { z } from 'zod';

const MiB = 1024 * 1024;
const host = z.string().min(1).max(255).meta({ expects: 'a host name or address' });
const port = z.int().min(0).max(65_535).meta({ expects: 'a port from 0 (any that is free) to 65535' });
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/)
  .meta({ expects: 'up to 40 of a-z, 0-9 and "-", beginning with a letter' });
const bytes = z.int().min(1024).max(Number.MAX_SAFE_INTEGER);

export const configSchema = z.strictObject({
  dataDir: z
    .string()
    .min(1)
    .default('./hinomi-data')
    .describe('Folder that holds everything the center stores. Made when missing'),
  api: z
    .strictObject({
      host: host.default('127.0.0.1').describe('Address that the API and the console listen on'),
      port: port.default(8080).describe('Their port'),
      publicUrl: z
        .url({ protocol: /^https?$/ })
        .optional()
        .meta({ expects: 'an http or https address', example: 'https://soc.example.jp' })
        .describe('Address under which people reach the console, for links; the listening address where left out'),
      trustedProxies: z
        .array(z.string().regex(/^(loopback|linklocal|uniquelocal|[\da-fA-F.:]{2,45}(\/\d{1,3})?)$/))
        .default(['loopback'])
        .meta({
          expects: 'a list of addresses, networks such as 10.0.0.0/8, or "loopback"',
          example: ['loopback', '192.0.2.0/24'],
        })
        .describe(
          'Proxies that may say for whom they ask: they are believed in X-Forwarded-For, anyone else is who they are',
        ),
      secureCookies: z
        .enum(['auto', 'always', 'never'])
        .default('auto')
        .describe('Whether session cookies are sent over https only. `auto`: when `publicUrl` begins with https'),
    })
    .prefault({})
    .describe('API and console'),
  intake: z
    .strictObject({
      host: host.default('127.0.0.1').describe('Address that senders of logs reach'),
      port: port.default(8088).describe('Its port'),
      maxBodyBytes: bytes.default(16 * MiB).describe('Largest body of one request as sent, compressed or not (16 MiB)'),
      maxUnpackedBytes: bytes.default(128 * MiB).describe('Largest body of one request once unpacked (128 MiB)'),
      maxRecordBytes: bytes.default(MiB).describe('Longest single record; a longer one becomes a reject (1 MiB)'),
      quota: z
        .strictObject({
          recordsPerSecond: z
            .number()
            .positive()
            .max(1e9)
            .default(20_000)
            .describe('Records a source may send per second, on average'),
          burstRecords: z
            .int()
            .min(1)
            .max(1e9)
            .default(200_000)
            .describe('Records a source may send at once after a pause'),
        })
        .prefault({})
        .describe('What one source may send; more is answered with 429 and stays with the sender'),
      backlog: z
        .strictObject({
          maxBytes: bytes.default(2048 * MiB).describe('Bytes that may wait in the queue (2 GiB)'),
          maxRecords: z.int().min(1).default(20_000_000).describe('Records that may wait in the queue'),
        })
        .prefault({})
        .describe('What may wait to be worked; beyond it senders are answered with 503 and keep their logs'),
    })
    .prefault({})
    .describe('The front door for logs'),
  queue: z
    .strictObject({
      engine: z
        .enum(['sqlite', 'redis'])
        .default('sqlite')
        .describe('What holds the logs that wait: files of this machine, or a Redis that many processes share'),
      redis: z
        .strictObject({
          url: z
            .string()
            .regex(/^rediss?:\/\/./)
            .default('redis://127.0.0.1:6379')
            .meta({ expects: 'an address redis://[user:password@]host:port, or rediss:// for TLS', secret: true })
            .describe('Where it is; of a Redis Cluster, one of its nodes'),
          cluster: z.boolean().default(false).describe('Whether that is a Redis Cluster'),
          prefix: name.default('hinomi').describe('What the names of all its keys begin with'),
          shards: z
            .int()
            .min(1)
            .max(64)
            .default(4)
            .describe(
              'Parts that members are spread over; stays as it was first set, for a queue cannot be divided anew',
            ),
        })
        .prefault({})
        .describe('Redis 6.2 or newer, or Valkey'),
    })
    .prefault({})
    .describe('The queues between the stages'),
  store: z
    .strictObject({
      engine: z
        .enum(['sqlite', 'elasticsearch'])
        .default('sqlite')
        .describe('What holds events, alerts and incidents: files of this machine, or an Elasticsearch'),
      elasticsearch: z
        .strictObject({
          urls: z
            .array(z.url({ protocol: /^https?$/ }))
            .min(1)
            .default(['http://127.0.0.1:9200'])
            .meta({ expects: 'a list of addresses http(s)://[user:password@]host:port', secret: true })
            .describe('Its nodes'),
          apiKey: z
            .string()
            .min(1)
            .optional()
            .meta({ expects: 'an API key as Elasticsearch encoded it', secret: true })
            .describe('In the place of user and password'),
          caFile: z
            .string()
            .min(1)
            .optional()
            .meta({ expects: 'a file', example: '/etc/hinomi/ca.pem' })
            .describe("Certificate authority (PEM) of the nodes' certificates; the system's where left out"),
          prefix: name.default('hinomi').describe('What the names of all its indices begin with'),
          dailyAbove: z
            .int()
            .min(1_000)
            .default(20_000_000)
            .describe(
              'Documents in a month from which a member gets an index a day in the next, in the place of one a month',
            ),
          leaseSeconds: z
            .number()
            .min(1)
            .max(600)
            .default(12)
            .describe('How long the correlator may be silent before one in waiting takes over'),
        })
        .prefault({})
        .describe('Elasticsearch 8 or 9'),
    })
    .prefault({})
    .describe('The store'),
  pipeline: z
    .strictObject({
      workers: z.int().min(0).max(256).default(0).describe('Threads that parse and detect; 0 is one per spare core'),
    })
    .prefault({})
    .describe('Parsing and detection'),
  correlate: z
    .strictObject({
      latenessHours: z
        .number()
        .positive()
        .max(8_760)
        .default(24)
        .describe('How late an event may arrive and still count in windows of correlation rules'),
    })
    .prefault({})
    .describe('Correlation of matches'),
  probes: z
    .strictObject({
      host: host.default('127.0.0.1').describe('Address that health and metrics are answered on'),
      port: port
        .optional()
        .meta({ expects: 'a port from 0 to 65535', example: 9_600 })
        .describe(
          'Their port: /healthz, /readyz, /metrics. Needed where the role "api" is not; not opened where left out',
        ),
    })
    .prefault({})
    .describe('Health and metrics of every process'),
  telemetry: z
    .strictObject({
      otlpUrl: z
        .url({ protocol: /^https?$/ })
        .regex(/^[^?#@]*$/)
        .optional()
        .meta({ expects: 'an http or https address without user or query', example: 'http://127.0.0.1:4318' })
        .describe(
          'Base address of an OpenTelemetry collector (OTLP over HTTP, JSON) that gets the traces of batches; none are made where left out. They name members and sources, and hold nothing of logs',
        ),
      otlpHeaders: z
        .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().regex(/^[\x20-\x7e]{1,4096}$/))
        .default({})
        .meta({
          expects: 'names of headers, each with a text',
          example: { authorization: 'Bearer …' },
          secret: true,
        })
        .describe('Sent along, where the collector asks for a key'),
      sampleRatio: z
        .number()
        .min(0)
        .max(1)
        .default(1)
        .describe('Share of the batches that are traced. A sender may ask that one is not, never that one is'),
    })
    .prefault({})
    .describe('Traces of batches from the intake to the alert'),
  retention: z
    .strictObject({
      eventDays: z.int().min(1).max(36_500).default(90).describe('Days that events and rejects are kept after receipt'),
      rememberBatchesDays: z
        .int()
        .min(1)
        .max(3_650)
        .default(14)
        .describe('Days during which a batch sent again is recognised, and its receipt can be asked for'),
    })
    .prefault({})
    .describe('How long data is kept'),
  rejects: z
    .strictObject({
      keepBytes: z
        .int()
        .min(0)
        .max(16 * MiB)
        .default(65_536)
        .describe('Bytes kept of a record that could not be parsed'),
    })
    .prefault({})
    .describe('Records that could not be parsed'),
  rules: z
    .strictObject({
      shipped: z.boolean().default(true).describe('Whether the rules that come with Hinomi are used'),
      folders: z
        .array(z.string().min(1))
        .default([])
        .meta({ expects: 'a list of folders', example: ['rules'] })
        .describe('Further folders of Sigma rules, read with all folders inside'),
      placeholders: z
        .record(z.string().regex(/^\w{1,64}$/), z.array(z.string()))
        .default({})
        .meta({ expects: 'names, each with a list of texts', example: { admins: ['root', 'admin'] } })
        .describe('Values for `%name%` in rules with the modifier `expand`'),
    })
    .prefault({})
    .describe('Detection rules'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('info')
        .describe("Least severity written to the center's own log"),
    })
    .prefault({})
    .describe("The center's own log"),
  session: z
    .strictObject({
      hours: z.number().positive().max(8_760).default(12).describe('Hours until a person has to sign in again'),
      lockAfter: z
        .int()
        .min(1)
        .max(1_000)
        .default(5)
        .describe('Failed sign-ins in a row after which an account is locked for a while'),
      lockMinutes: z.number().positive().max(525_600).default(15).describe('Minutes it stays locked'),
    })
    .prefault({})
    .describe('Sign-in'),
});

export type Config = z.output<typeof configSchema>;
