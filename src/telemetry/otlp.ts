/** Traces to an OpenTelemetry collector: the adapter of a process, with connections for its pipeline threads. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { createExporter, type ExporterOptions } from './otlp-export.ts';
import { receiveSpans } from './relay.ts';
import { createSpans } from './spans.ts';
import type { Tracer } from './tracer.ts';

export interface OtlpTracing {
  readonly tracer: Tracer;
  /** A port to hand to another thread, where createRelayedTracer makes a tracer of it. */
  connect(): MessagePort;
  /** Sends what is held, within two seconds. Whoever makes spans must have stopped. */
  close(): Promise<void>;
}

/** Connects to nothing before there is something to send: a collector may come later than the center, or never. */
export function createOtlpTracing(options: ExporterOptions & { readonly ratio: number }): OtlpTracing {
  const exporter = createExporter(options);
  const threads = new Set<ReturnType<typeof receiveSpans>>();
  return {
    tracer: createSpans({ ratio: options.ratio, emit: exporter.add }),
    connect() {
      const { port1, port2 } = new MessageChannel();
      const thread = receiveSpans(port1, exporter);
      threads.add(thread);
      port1.once('close', () => threads.delete(thread));
      return port2;
    },
    async close() {
      for (const thread of threads) thread.drain();
      await exporter.close();
    },
  };
}
