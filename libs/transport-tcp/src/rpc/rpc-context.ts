import { BaseRpcContext } from '@nestjs/microservices';
import type { Access, HelloIdentity } from '@panal/wire';

/** The other end of a connection, as its handshake proved it. */
export interface RpcRemote {
  readonly identity: HelloIdentity;
  /** What it may, by the key it proved to have. */
  readonly access: Access;
  readonly host: string;
  readonly port: number;
  /** Protocol version both ends agreed on. */
  readonly version: number;
}

/** When and in what order the message was sent, by the sender's clocks. */
export interface MessageStamp {
  /** Sender's wall clock, ms since 1970. */
  readonly timestampMs: number;
  /** Sender's hybrid logical clock. */
  readonly clock: number;
}

/** Who sent a message, over what: the `@Ctx()` of a handler. */
export class RpcContext extends BaseRpcContext<[RpcRemote, string, MessageStamp]> {
  /** The request's pattern, `endpoint.handler.command`. */
  get pattern(): string {
    return this.args[1];
  }

  /** One and the same for all messages of a connection. */
  get remote(): RpcRemote {
    return this.args[0];
  }

  get principal(): string {
    return this.args[0].identity.principal;
  }

  get role(): HelloIdentity['role'] {
    return this.args[0].identity.role;
  }

  /** What the sender may, by the key it proved to have. */
  get access(): Access {
    return this.args[0].access;
  }

  /** The address the connection came from; behind NAT it is not the one to dial. */
  get remoteHost(): string {
    return this.args[0].host;
  }

  get remotePort(): number {
    return this.args[0].port;
  }

  /** The negotiated protocol version: a reply leaves out fields that are newer. */
  get version(): number {
    return this.args[0].version;
  }

  get stamp(): MessageStamp {
    return this.args[2];
  }
}
