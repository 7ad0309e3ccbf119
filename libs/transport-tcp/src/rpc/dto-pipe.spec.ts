import type { ArgumentMetadata } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInstance, IsInt, IsOptional, IsString, Max, ValidateNested } from 'class-validator';
import { DtoPipe } from './dto-pipe.js';

class Address {
  @IsString()
  host!: string;

  @IsInt()
  @Max(65535)
  port!: number;
}

class Peer {
  @IsInstance(Uint8Array)
  id!: Uint8Array;

  @IsArray()
  @ArrayMaxSize(2)
  @ValidateNested({ each: true })
  @Type(() => Address)
  addresses!: Address[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Address)
  home?: Address;
}

class NamedPeer extends Peer {
  @IsString()
  name!: string;
}

class Untyped {
  @ValidateNested()
  address!: Address;
}

class Empty {}

const pipe = new DtoPipe();
const transform = (value: unknown, metatype: unknown): unknown =>
  pipe.transform(value, { type: 'body', metatype } as ArgumentMetadata);

function reportFor(value: unknown, metatype: unknown): { code: string; message: string } {
  try {
    transform(value, metatype);
  } catch (error) {
    if (error instanceof RpcException) return error.getError() as { code: string; message: string };
    throw error;
  }
  throw new Error('it was accepted');
}

const id = Buffer.from([1, 2, 3]);
const address = { host: 't1', port: 5555 };

describe('DtoPipe', () => {
  it('makes instances of nested classes and keeps binary fields the bytes that came', () => {
    const peer = transform({ id, addresses: [address], home: address }, Peer) as Peer;
    expect(peer).toBeInstanceOf(Peer);
    expect(peer.addresses[0]).toBeInstanceOf(Address);
    expect(peer.home).toBeInstanceOf(Address);
    expect(peer.id).toBe(id);
  });

  it('checks the fields of a base class too', () => {
    expect(transform({ id, addresses: [], name: 'ada' }, NamedPeer)).toMatchObject({ name: 'ada' });
    expect(reportFor({ id, addresses: [] }, NamedPeer).message).toContain('name: ');
    expect(reportFor({ addresses: [], name: 'ada' }, NamedPeer).message).toContain('id: ');
  });

  it('drops unknown fields at every depth, and what would change a prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"isAdmin": true}, "constructor": 1, "x": 1}') as object;
    const nested = { ...address, extra: 1 };
    const peer = transform({ ...hostile, id, addresses: [nested] }, Peer) as Record<string, unknown>;
    expect(Object.keys(peer).sort()).toEqual(['addresses', 'id']);
    expect(peer.isAdmin).toBeUndefined();
    expect(peer.addresses).toEqual([address]);
  });

  it.each([
    ['a missing field', { addresses: [] }, 'id: '],
    ['a string for bytes', { id: 'abc', addresses: [] }, 'id: '],
    ['an object for a list', { id, addresses: {} }, 'addresses: '],
    ['a number in a list of objects', { id, addresses: [1] }, 'addresses'],
    ['bytes in a list of objects', { id, addresses: [id] }, 'addresses'],
    ['a bad field of a nested object', { id, addresses: [{ host: 't1', port: 70000 }] }, 'addresses.0.port: '],
    ['a nested object that lacks a field', { id, addresses: [address, { port: 1 }] }, 'addresses.1.host: '],
    ['a list that is too long', { id, addresses: [address, address, address] }, 'addresses: '],
    ['a list for an object', { id, addresses: [], home: [1] }, 'home'],
    ['a field of a Map, which is no plain object', new Map([['id', id]]), 'object'],
    ['null', null, 'object'],
    ['nothing', undefined, 'object'],
    ['a list', [1], 'object'],
    ['bytes', Buffer.alloc(3), 'object'],
    ['text', 'peer', 'object'],
  ])('refuses %s and says where', (_name, value, text) => {
    const report = reportFor(value, Peer);
    expect(report.code).toBe('message_invalid');
    expect(report.message).toContain(text);
  });

  it('names a few problems of many, and shows nothing that was sent', () => {
    class Many {
      @IsArray()
      @ValidateNested({ each: true })
      @Type(() => Address)
      list!: Address[];
    }
    const list = Array.from({ length: 100 }, () => ({ host: 't1', port: 'hunter2' }));
    const { message } = reportFor({ list }, Many);
    expect(message).toContain('list.7.port');
    expect(message).toContain('and 92 more');
    expect(message).not.toContain('list.8.');
    expect(message).not.toContain('hunter2');
  });

  it.each([Object, Function, Array, Promise])(
    'refuses a payload that lost its class to %p: a bug, not bad input',
    (metatype) => {
      expect(() => transform({}, metatype)).toThrow('give it a DTO class');
    },
  );

  it('refuses a class that checks nothing, and a nested object without a class', () => {
    expect(() => transform({}, Empty)).toThrow('no validated field');
    expect(() => transform({ address }, Untyped)).toThrow('no @Type');
  });

  it('lets scalars through by their type alone', () => {
    const bytes = new Uint8Array(2);
    expect(transform(3, Number)).toBe(3);
    expect(transform('x', String)).toBe('x');
    expect(transform(true, Boolean)).toBe(true);
    expect(transform(bytes, Uint8Array)).toBe(bytes);
    expect(reportFor('3', Number).code).toBe('message_invalid');
    expect(reportFor(bytes, Buffer).code).toBe('message_invalid');
  });

  it('leaves other arguments alone, and hides the payload from a handler without parameters', () => {
    const context = {};
    expect(pipe.transform(context, { type: 'query', metatype: Object })).toBe(context);
    expect(transform({ a: 1 }, undefined)).toBeUndefined();
  });
});
