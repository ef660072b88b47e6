// Package conformance only names what is built: Kubernetes' own end-to-end tests are the test program of this package.
package conformance

import _ "k8s.io/kubernetes/test/e2e"
