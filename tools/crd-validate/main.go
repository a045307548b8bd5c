// Validates a CustomResourceDefinition as the API server of one Kubernetes version does when it is created, the cost
// of its CEL rules included. The version is that of k8s.io/apiextensions-apiserver (v0.B.C is Kubernetes 1.B.C) in the
// file which it is built with: oldest.mod or go.mod. ../kube.sh builds both.
//
// Usage: crd-validate < DEFINITION.json
// Prints one line for each thing that is wrong, and exits with 1 when there is any.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
)

func main() {
	definition, err := read()
	if err != nil {
		fmt.Fprintf(os.Stderr, "the definition on standard input cannot be read: %v\n", err)
		os.Exit(2)
	}
	errors := validation.ValidateCustomResourceDefinition(context.Background(), definition)
	for _, err := range errors {
		fmt.Println(err)
	}
	if len(errors) > 0 {
		os.Exit(1)
	}
}

// With the defaults that an API server gives before it validates.
func read() (*apiextensions.CustomResourceDefinition, error) {
	var given v1.CustomResourceDefinition
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return nil, err
	}
	v1.SetDefaults_CustomResourceDefinition(&given)
	v1.SetDefaults_CustomResourceDefinitionSpec(&given.Spec)
	// What an API server has stored by then.
	for _, version := range given.Spec.Versions {
		if version.Storage {
			given.Status.StoredVersions = []string{version.Name}
		}
	}
	var definition apiextensions.CustomResourceDefinition
	return &definition, v1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&given, &definition, nil)
}
