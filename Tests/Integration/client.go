// Sends events with the library that is inside Docker. Arguments: network, address, count, one of "ack" and "async".
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/fluent/fluent-logger-golang/fluent"
)

func main() {
	network, address, mode := os.Args[1], os.Args[2], os.Args[4]
	count, _ := strconv.Atoi(os.Args[3])
	config := fluent.Config{
		FluentNetwork: network, Timeout: 5 * time.Second, MaxRetry: 2,
		RequestAck: mode == "ack", Async: mode == "async", SubSecondPrecision: true, TlsInsecureSkipVerify: true,
	}
	if network == "unix" {
		config.FluentSocketPath = address
	} else {
		config.FluentHost = "127.0.0.1"
		config.FluentPort, _ = strconv.Atoi(address)
	}
	logger, err := fluent.New(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, "connect:", err)
		os.Exit(1)
	}
	for i := 0; i < count; i++ {
		record := map[string]interface{}{"number": i, "text": "größer", "list": []interface{}{1, 2}, "nested": map[string]interface{}{"yes": true}}
		// With RequestAck, Post returns when the ack has come.
		if err := logger.PostWithTime("service.go", time.Unix(1576606504, 123456789), record); err != nil {
			fmt.Fprintln(os.Stderr, "post:", err)
			os.Exit(1)
		}
	}
	logger.Close()
}
