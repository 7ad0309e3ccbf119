import { Controller, Inject, Module } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { IsString, MaxLength } from 'class-validator';
import type { MessageContext, PluginContext, TrackerView } from 'panal/plugin-api';
import { PLUGIN_CONTEXT, TRACKER_VIEW } from 'panal/plugin-api';

/** What may be asked. A field without a rule does not arrive. */
class CensusMessage {
  @IsString()
  @MaxLength(64)
  readonly namespace!: string;
}

interface Census {
  readonly torrentCount: number;
  readonly peerCount: number;
  /** Who asked. */
  readonly askedBy: string;
}

@Controller()
class CensusController {
  constructor(
    @Inject(TRACKER_VIEW) private readonly tracker: TrackerView,
    @Inject(PLUGIN_CONTEXT) private readonly context: PluginContext,
  ) {}

  @MessagePattern('plugin.example.census')
  census(@Payload() { namespace }: CensusMessage, @Ctx() { principal }: MessageContext): Census {
    this.context.audit.record({ action: 'census.taken', outcome: 'done', fields: { namespace, principal } });
    const { torrentCount, peerCount } = this.tracker.counts(namespace);
    return { torrentCount, peerCount, askedBy: principal };
  }
}

@Module({ controllers: [CensusController] })
export class CensusModule {}
