import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { ApiTokenError } from '../errors.js';

/** The part of a request that is used here. */
interface AuthorizedRequest {
  readonly headers: { readonly authorization?: string };
}

/** Bearer token of the local API, as kept in the data folder. */
@Injectable()
export class ApiToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** Compares digests, so that neither length nor content shows in the time it takes. */
  matches(candidate: string): boolean {
    return timingSafeEqual(this.#digest, digestOf(candidate));
  }
}

/**
 * Whoever may ask a peer to share a path may read every file of its user: the API wants the token that only this user can
 * read, and a page in a browser cannot guess.
 */
@Injectable()
export class ApiTokenGuard implements CanActivate {
  constructor(private readonly token: ApiToken) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AuthorizedRequest>();
    const match = /^Bearer ([\x21-\x7e]{1,200})$/.exec(request.headers.authorization ?? '');
    if (match === null || !this.token.matches(match[1] as string)) throw new ApiTokenError();
    return true;
  }
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
