import type { AllowedParameters } from './parameters.ts';

/**
 * Returns the source of a CloudFront Function for viewer requests, used if no function at the edge normalises them.
 *
 * It removes every parameter that is not allowed. If a parameter is `auto`, it reduces `Accept` to the type that `auto`
 * chooses, by the rule of the origin; otherwise it removes `Accept`. Requests for the same response then share a cache entry. The
 * allow-list of a cache policy could remove parameters too, but it is limited to ten names unless AWS raises the quota.
 */
export function queryFilter(parameters: AllowedParameters): string {
  return `'use strict';

var NAMES = ${JSON.stringify(parameters.names)};
var AUTO_NAMES = ${JSON.stringify(parameters.autoNames)};
var AUTO_TYPES = ${JSON.stringify(parameters.autoTypes)};
var OTHER_TYPES = ${JSON.stringify(parameters.otherTypes)};

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
    var type = preferred(accept.value.toLowerCase().split(','));
    if (type) request.headers.accept = { value: type };
  }
  return request;
}

function preferred(ranges) {
  var best;
  var highest = 0;
  AUTO_TYPES.forEach(function (type) {
    var weight = weightOf(ranges, type);
    if (weight > highest) {
      best = type;
      highest = weight;
    }
  });
  var isOther = OTHER_TYPES.some(function (type) {
    return weightOf(ranges, type) > highest;
  });
  return isOther ? undefined : best;
}

function weightOf(ranges, type) {
  return ranges.reduce(function (highest, range) {
    var parts = range.split(';').map(function (part) {
      return part.trim();
    });
    if (parts[0] !== type) return highest;
    var stated = parts.filter(function (part) {
      return /^q\\s*=/.test(part);
    })[0];
    var text = stated ? stated.slice(stated.indexOf('=') + 1).trim() : '';
    var weight = text === '' || isNaN(text) ? 1 : Math.min(Math.max(Number(text), 0), 1);
    return Math.max(highest, weight);
  }, 0);
}
`;
}
