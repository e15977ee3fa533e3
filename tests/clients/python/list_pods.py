"""Lists pods with a kubeconfig for some time: `list_pods.py KUBECONFIG SECONDS`.

The first line of stdout is the number of calls, and how many of them failed. What failed first is on stderr. A plug-in
that fails is no error to this client: it logs that, and asks without a token. So whatever is not 200 is a failure.
"""

import sys
import time

from kubernetes import client, config


def main(path, seconds):
    api = client.CoreV1Api(config.new_client_from_config(config_file=path))
    end = time.monotonic() + seconds
    calls = failures = 0
    while time.monotonic() < end:
        calls += 1
        problem = None
        try:
            pods, status, _ = api.list_pod_for_all_namespaces_with_http_info(_request_timeout=30)
            if status != 200 or len(pods.items) != 1:
                problem = f"status {status}, {len(pods.items)} pods"
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            failures += 1
            if failures == 1:
                print(f"call {calls}: {problem}", file=sys.stderr)
        time.sleep(PAUSE)
    print(calls, failures)


PAUSE = 0.05

if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
