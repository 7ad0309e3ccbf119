import { RpcException } from '@nestjs/microservices';
import { RpcBusyError } from '../errors.js';
import { reportOf } from './error-mapping.js';

const nodeError = Object.assign(new Error('open /root/key'), { code: 'enoent' });

describe('reportOf', () => {
  it.each([
    ['a PanalError', new RpcBusyError(5), { code: 'rpc_busy', retryable: true }],
    ['the text of an RpcException', new RpcException('Too late.'), { code: 'rpc_refused', message: 'Too late.' }],
    [
      'a report in an RpcException',
      new RpcException({ code: 'too_late', message: 'Too late.', action: 'Hurry.', retryable: true }),
      { code: 'too_late', message: 'Too late.', action: 'Hurry.', retryable: true },
    ],
    ['an RpcException without a text', new RpcException({}), { code: 'rpc_refused' }],
    ['the bare report Nest throws', { code: 'too_late', message: 'Too late.' }, { code: 'too_late', retryable: false }],
    ['a guard that said no', new RpcException('Forbidden resource'), { code: 'forbidden' }],
    ['the same by Nest', { status: 'error', message: 'Forbidden resource' }, { code: 'forbidden' }],
    ['what Nest hides', { status: 'error', message: 'Internal server error' }, { code: 'internal' }],
    ['an error of Node', nodeError, { code: 'internal' }],
    ['an error inside an RpcException', new RpcException(nodeError), { code: 'rpc_refused' }],
    ['a code that is no word', { code: 'Bad Code!', message: 'x' }, { code: 'internal' }],
    ['nothing', undefined, { code: 'internal' }],
    ['a text', 'boo', { code: 'internal' }],
  ])('maps %s', (_name, error, report) => {
    const mapped = reportOf(error);
    expect(mapped).toMatchObject(report);
    expect(JSON.stringify(mapped)).not.toContain('/root/key');
  });
});
