'use strict';

import('../dist/apps/cli/src/main.js').catch(function (error) {
  if (error.code === 'ERR_MODULE_NOT_FOUND' && /dist[\\/]apps[\\/]cli/.test(error.message)) {
    console.error(
      'Panal is not built: run `npm run build` in its checkout, or use the launcher ./panal, which builds it.',
    );
  } else {
    console.error(error);
  }
  process.exitCode = 1;
});
