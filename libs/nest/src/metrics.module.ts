import { Controller, Get, Header, Module, type OnModuleDestroy } from '@nestjs/common';
import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of one server. Its own, not the global one of prom-client: two servers may run in one process. */
export class MetricsRegistry extends Registry implements OnModuleDestroy {
  #other: Registry | undefined;

  constructor() {
    super();
    collectDefaultMetrics({ register: this });
  }

  /** Shows the metrics of another registry, too: that of the plugins, which are there before this one is. */
  include(other: Registry): void {
    this.#other = other;
  }

  override async metrics(): Promise<string> {
    const own = await super.metrics();
    return this.#other === undefined ? own : `${own.trimEnd()}\n${await this.#other.metrics()}`;
  }

  onModuleDestroy(): void {
    this.clear();
  }
}

@Controller('metrics')
class MetricsController {
  constructor(private readonly registry: MetricsRegistry) {}

  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}

/** `GET /metrics` in the Prometheus text format; register metrics with the exported `MetricsRegistry`. */
@Module({ controllers: [MetricsController], providers: [MetricsRegistry], exports: [MetricsRegistry] })
export class MetricsModule {}
