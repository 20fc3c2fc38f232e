// Command read_stream decodes a stream with Go's own decoders and tells what they hand out, and
// when: inflating, Go hands out nothing before it sees an empty stored block, or the end.
//
//	read_stream [-coding gzip|deflate] URL    asks for the URL; in gzip Go's client decodes
//	read_stream [-coding gzip|deflate] -      reads the stream from its standard input
//
// Each line that it prints is a JSON object. For a URL the first has the "status" and the
// "coding" of the answer. Then comes one for each piece, with "ms", the time since the start, and
// "data", the piece in Base64. A line leaves as soon as its piece has come, so that whoever reads
// them can wait for one piece before sending the next.
package main

import (
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

type answer struct {
	Status int    `json:"status"`
	Coding string `json:"coding"`
}

type piece struct {
	Ms   float64 `json:"ms"`
	Data []byte  `json:"data"`
}

func decoded(coding string, stream io.Reader) (io.Reader, error) {
	switch coding {
	case "gzip":
		return gzip.NewReader(stream)
	case "deflate":
		return zlib.NewReader(stream)
	case "":
		return stream, nil
	}
	return nil, fmt.Errorf("cannot decode %q", coding)
}

// ask sends the request, prints what the answer is, and returns its body, decoded.
func ask(url, coding string, out *json.Encoder) (io.Reader, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if coding != "gzip" {
		request.Header.Set("Accept-Encoding", coding)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	used := response.Header.Get("Content-Encoding")
	if response.Uncompressed {
		return response.Body, out.Encode(answer{response.StatusCode, "gzip"})
	}
	if err := out.Encode(answer{response.StatusCode, used}); err != nil {
		return nil, err
	}
	return decoded(used, response.Body)
}

func run(source, coding string) error {
	start := time.Now()
	out := json.NewEncoder(os.Stdout)
	var stream io.Reader
	var err error
	if source == "-" {
		stream, err = decoded(coding, os.Stdin)
	} else {
		stream, err = ask(source, coding, out)
	}
	if err != nil {
		return err
	}
	room := make([]byte, 64*1024)
	for {
		n, err := stream.Read(room)
		if n > 0 {
			ms := float64(time.Since(start).Microseconds()) / 1000
			if err := out.Encode(piece{ms, room[:n]}); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func main() {
	coding := flag.String("coding", "gzip", "gzip or deflate")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: read_stream [-coding gzip|deflate] URL|-")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *coding); err != nil {
		fmt.Fprintln(os.Stderr, "read_stream:", err)
		os.Exit(1)
	}
}
