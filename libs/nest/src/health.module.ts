import {
  Controller,
  type DynamicModule,
  Get,
  HttpStatus,
  Inject,
  Module,
  type ModuleMetadata,
  Res,
} from '@nestjs/common';
import type { PluginHealth } from './plugins/plugin-watch.js';

/** One thing a server needs before it can do its work. */
export interface ReadinessCheck {
  readonly name: string;
  /** Undefined when ready, else why not, as a sentence. Cheap: asked with every probe. */
  whyNotReady(): string | undefined;
}

export interface HealthModuleOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: readonly (symbol | (abstract new (...args: never[]) => unknown))[];
  readonly useFactory: (...dependencies: never[]) => readonly ReadinessCheck[];
  /** How the plugins fare. It is shown, and changes nothing: a server does its work without them. Default: there are none. */
  readonly plugins?: (() => readonly PluginHealth[]) | undefined;
}

const READINESS_CHECKS = Symbol('READINESS_CHECKS');
const PLUGIN_HEALTH = Symbol('PLUGIN_HEALTH');

/** The part of a Fastify reply that is used here. */
interface StatusReply {
  status(code: number): unknown;
}

export interface ReadinessReport {
  readonly status: 'ready' | 'not ready';
  readonly checks: readonly { readonly name: string; readonly isReady: boolean; readonly reason?: string }[];
  readonly plugins?: readonly PluginHealth[];
}

@Controller('health')
class HealthController {
  constructor(
    @Inject(READINESS_CHECKS) private readonly checks: readonly ReadinessCheck[],
    @Inject(PLUGIN_HEALTH) private readonly plugins: { readonly all: () => readonly PluginHealth[] },
  ) {}

  /** Green as soon as the process answers. Whoever needs more before it restarts a process restarts it in a circle. */
  @Get('live')
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  @Get('ready')
  ready(@Res({ passthrough: true }) reply: StatusReply): ReadinessReport {
    const checks = this.checks.map((check) => {
      const reason = check.whyNotReady();
      return { name: check.name, isReady: reason === undefined, ...(reason === undefined ? {} : { reason }) };
    });
    const isReady = checks.every((check) => check.isReady);
    reply.status(isReady ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
    const plugins = this.plugins.all();
    return { status: isReady ? 'ready' : 'not ready', checks, ...(plugins.length === 0 ? {} : { plugins }) };
  }
}

/** `GET /health/live` and `GET /health/ready`. */
@Module({})
export class HealthModule {
  static register({ imports, inject, useFactory, plugins }: HealthModuleOptions): DynamicModule {
    return {
      module: HealthModule,
      imports: [...(imports ?? [])],
      controllers: [HealthController],
      providers: [
        { provide: READINESS_CHECKS, inject: [...(inject ?? [])], useFactory },
        { provide: PLUGIN_HEALTH, useValue: { all: plugins ?? (() => []) } },
      ],
    };
  }
}
