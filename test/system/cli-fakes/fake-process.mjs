// What the fake tracker and the fake peer have in common: flags, IPC, and how they end. They follow the conventions that
// the real servers have for their parent, and do nothing else that those do.

/** `--flag value` pairs; a flag given several times keeps all values. */
export function readFlags(args = process.argv.slice(2)) {
  const flags = new Map();
  for (let at = 0; at + 1 < args.length; at += 2) flags.set(args[at], [...(flags.get(args[at]) ?? []), args[at + 1]]);
  return { all: (flag) => flags.get(flag) ?? [], one: (flag) => flags.get(flag)?.at(-1) };
}

export function portOf(address, fallback) {
  return address === undefined ? fallback : Number(address.split(':').at(-1));
}

export function ready(message) {
  console.log('ready');
  process.send?.({ kind: 'ready', ...message });
}

export function fail(report) {
  console.error(report.message);
  const exit = () => process.exit(1);
  if (process.send === undefined) exit();
  else process.send({ kind: 'failed', report: { retryable: false, ...report } }, exit);
}

export function listen(server, port) {
  return new Promise((resolve) => {
    server.once('error', (error) =>
      fail({
        code: error.code === 'EADDRINUSE' ? 'port_taken' : 'internal',
        message: `Port ${port}: ${error.code}.`,
        action: 'Take another.',
      }),
    );
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });
}

/** Ends on a signal, or when the parent is gone. */
export function endWithParent() {
  for (const event of ['disconnect', 'SIGTERM', 'SIGINT']) process.on(event, () => process.exit(0));
}
