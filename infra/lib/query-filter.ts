import type { AllowedParameters } from './parameters.ts';

/**
 * Source of a CloudFront Function for viewer requests, where no function at the edge normalises them.
 *
 * It drops every parameter that is not allowed, and of `Accept` it leaves what `auto` goes by, in one spelling
 * and only where `auto` is asked for; so requests for the same answer share a cache entry. A cache policy's own
 * allow-list would do for the first, but holds ten names unless AWS raises the quota.
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
