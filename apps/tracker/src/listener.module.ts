import { type DynamicModule, Module } from '@nestjs/common';
import { AccessController } from './access/access.controller.js';
import { PeerIdGuard } from './access/peer-id-guard.js';
import { CatalogController } from './catalog.controller.js';
import { ClusterController } from './cluster/cluster.controller.js';
import { PeersController } from './peers.controller.js';

/** Every message the tracker takes. */
@Module({
  controllers: [PeersController, CatalogController, ClusterController, AccessController],
  providers: [PeerIdGuard],
})
export class ListenerModule {
  /** @param tracking The module with what the messages are about. */
  static register(tracking: DynamicModule): DynamicModule {
    return { module: ListenerModule, imports: [tracking] };
  }
}
