'use strict';
// Ends the process, with a sentence, when this Node is too old. Only ES5 here: an old Node has to be able to read it.
// `package.json` is the one place that says which Node is needed.

var needed = require('../package.json').engines.node.replace(/[^\d.]/g, '');

function isAtLeast(version, least) {
  var have = version.split('.');
  var want = least.split('.');
  for (var at = 0; at < want.length; at += 1) {
    var difference = parseInt(have[at] || '0', 10) - parseInt(want[at], 10);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

if (!isAtLeast(process.versions.node, needed)) {
  console.error(
    'Panal needs Node ' +
      needed +
      ' or newer, and this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ').',
  );
  console.error('Install a newer one (https://nodejs.org; 22 or 24 is a good choice) and try again.');
  process.exit(1);
}
