import type { AllowedParameters } from './parameters.ts';

/**
 * Returns the source of a CloudFront Function for viewer requests, used if no function at the edge normalises them.
 *
 * It removes every parameter that is not allowed. If a parameter is `auto`, it reduces `Accept` to the types that `auto`
 * uses, in one spelling; otherwise it removes `Accept`. Requests for the same response then share a cache entry. The
 * allow-list of a cache policy could remove parameters too, but it is limited to ten names unless AWS raises the quota.
 */
export function queryFilter(parameters: AllowedParameters): string {
  return `'use strict';

var NAMES = ${JSON.stringify(parameters.names)};
var AUTO_NAMES = ${JSON.stringify(parameters.autoNames)};
var AUTO_TYPES = ${JSON.stringify(parameters.autoTypes)};

function handler(event) {
  var request = event.request;
  var query = request.querystring;
  Object.keys(query).forEach(function (name) {
    if (NAMES.indexOf(name) < 0) delete query[name];
  });

  var accept = request.headers.accept;
  delete request.headers.accept;
  var isAutomatic = AUTO_NAMES.some(function (name) {
    return query[name] && query[name].value.toLowerCase() === 'auto';
  });
  if (accept && isAutomatic) {
    var ranges = accept.value.toLowerCase().split(',');
    var types = AUTO_TYPES.filter(function (type) {
      return ranges.some(function (range) {
        return accepts(range, type);
      });
    });
    if (types.length > 0) request.headers.accept = { value: types.join(',') };
  }
  return request;
}

function accepts(range, type) {
  var parts = range.split(';').map(function (part) {
    return part.trim();
  });
  return parts[0] === type && !parts.some(function (part) {
    return /^q=0(\\.0*)?$/.test(part);
  });
}
`;
}
