// One program that is etcd or kube-apiserver, so that both are linked once from the modules that they share.
package main

import (
	"fmt"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	switch role := os.Args[1]; role {
	case "etcd":
		etcdmain.Main(os.Args[1:])
	case "kube-apiserver":
		// Its flags are read from the process's own arguments.
		os.Args = os.Args[1:]
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: control-plane etcd|kube-apiserver FLAGS")
	os.Exit(2)
}
