"""Processes that answer line by line, each with an end to every wait."""

import os
import subprocess
import threading


def environment(home, program):
    """Variables of a job's own: no settings of doorward, and its program on the path"""
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"}


class Server:
    """A server that lives as long as its stdin, and says on stdout what it is asked"""

    def __init__(self, words, env, errors):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, env=env, stdin=pipe, stdout=pipe, stderr=errors, text=True)

    def line(self):
        """The next line; a server that says none within half a minute is ended"""
        timer = threading.Timer(30, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            raise RuntimeError(f"{self.process.args[0]} ended")
        return line.rstrip("\n")

    def ask(self, question):
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        return self.line()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        """Ends it; it may have found fault with its clients"""
        self.process.stdin.close()
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        if code and error == (None, None, None):
            raise RuntimeError(f"{self.process.args[0]} ended with {code}")


def together(*jobs):
    """Runs the jobs side by side, and gives what each returns"""
    outcomes = [None] * len(jobs)

    def run(place, job):
        try:
            outcomes[place] = job()
        except Exception as error:
            outcomes[place] = error

    threads = [threading.Thread(target=run, args=item) for item in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return outcomes
